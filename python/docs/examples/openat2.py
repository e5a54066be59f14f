import linux, os

os.makedirs("/tmp/image/etc", exist_ok=True)
with open("/tmp/image/etc/passwd", "w") as file:
    file.write("from the image")
os.symlink("/etc/passwd", "/tmp/image/users")   # a link that leads out

image = os.open("/tmp/image", os.O_PATH)
fd = linux.openat2(image, "users", os.O_RDONLY, resolve=linux.RESOLVE_IN_ROOT)
print(os.read(fd, 100).decode())
try:
    linux.openat2(image, "../secret", os.O_RDONLY, resolve=linux.RESOLVE_BENEATH)
except linux.Error as error:
    print(error)
