import linux, os

os.makedirs("/tmp/box", exist_ok=True)
linux.mount("tmpfs", "/tmp/box", "tmpfs", 0, "size=64k")
fs = linux.fspick(linux.AT_FDCWD, "/tmp/box")
linux.fsconfig(fs, linux.FSCONFIG_SET_STRING, "size", "128k")
linux.fsconfig(fs, linux.FSCONFIG_CMD_RECONFIGURE)
os.close(fs)
print(os.statvfs("/tmp/box").f_blocks * 4096)
