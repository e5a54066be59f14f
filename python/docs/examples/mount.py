import linux, os

linux.mount(None, "/", None, linux.MS_REC | linux.MS_PRIVATE, None)

os.makedirs("/tmp/box", exist_ok=True)
linux.mount("tmpfs", "/tmp/box", "tmpfs", linux.MS_NOSUID | linux.MS_NODEV, "size=64k")
print(os.path.ismount("/tmp/box"), os.statvfs("/tmp/box").f_blocks * 4096)

try:
    linux.mount("tmpfs", "/tmp/box/missing", "tmpfs")
except linux.Error as error:
    print(error.args, error.filename)
