import linux, os

os.makedirs("/tmp/box", exist_ok=True)
linux.mount("tmpfs", "/tmp/box", "tmpfs")
file = open("/tmp/box/open", "w")
try:
    linux.umount2("/tmp/box", 0)
except linux.Error as error:
    print(error)
linux.umount2("/tmp/box", linux.MNT_DETACH)
print(os.path.ismount("/tmp/box"))
