import linux, os

fs = linux.fsopen("tmpfs")
linux.fsconfig(fs, linux.FSCONFIG_SET_STRING, "size", "64k")
linux.fsconfig(fs, linux.FSCONFIG_SET_STRING, "mode", "0700")
linux.fsconfig(fs, linux.FSCONFIG_CMD_CREATE)
mount = linux.fsmount(fs)
print(os.statvfs(mount).f_blocks * 4096, oct(os.stat(mount).st_mode))
os.close(mount)
os.close(fs)
