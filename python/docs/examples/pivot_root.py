import linux, os

os.makedirs("/tmp/root", exist_ok=True)
linux.mount("tmpfs", "/tmp/root", "tmpfs")     # the new root must be a mount
open("/tmp/root/hello", "w").close()

os.chdir("/tmp/root")
linux.pivot_root(".", ".")                     # the old root now lies on top of the new
linux.umount2(".", linux.MNT_DETACH)           # and is taken away
os.chdir("/")
print(os.listdir("/"))
