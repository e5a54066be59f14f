import linux, os

read_end, write_end = os.pipe()
pidfd = linux.pidfd_open(os.getpid())
copy = linux.pidfd_getfd(pidfd, write_end)
os.write(copy, b"through the copy")
print(os.read(read_end, 100).decode())
