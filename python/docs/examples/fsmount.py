import linux, os

os.makedirs("/tmp/box", exist_ok=True)
fs = linux.fsopen("tmpfs")
linux.fsconfig(fs, linux.FSCONFIG_CMD_CREATE)
mount = linux.fsmount(fs, 0, linux.MOUNT_ATTR_NOSUID | linux.MOUNT_ATTR_NODEV)
linux.move_mount(mount, "", linux.AT_FDCWD, "/tmp/box", linux.MOVE_MOUNT_F_EMPTY_PATH)
os.close(mount)
os.close(fs)
print(os.path.ismount("/tmp/box"))
