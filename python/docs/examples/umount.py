import linux, os

os.makedirs("/tmp/box", exist_ok=True)
linux.mount("tmpfs", "/tmp/box", "tmpfs")
linux.umount("/tmp/box")
print(os.path.ismount("/tmp/box"))
