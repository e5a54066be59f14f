import linux, os

os.makedirs("/tmp/box", exist_ok=True)
linux.mount("tmpfs", "/tmp/box", "tmpfs")
linux.mount_setattr(linux.AT_FDCWD, "/tmp/box", linux.AT_RECURSIVE,
                    attr_set=linux.MOUNT_ATTR_RDONLY)
try:
    open("/tmp/box/file", "w")
except OSError as error:
    print(error.strerror)
