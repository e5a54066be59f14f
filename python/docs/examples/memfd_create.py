import linux, os

fd = linux.memfd_create("notes")
with open(fd, "w+") as file:
    file.write("only in memory")
    file.flush()
    print(os.readlink(f"/proc/self/fd/{fd}"))
