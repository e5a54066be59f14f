import linux, os

fd = linux.memfd_create("program", linux.MFD_ALLOW_SEALING)
os.write(fd, b"never to be changed")
linux.add_seals(fd, linux.F_SEAL_WRITE | linux.F_SEAL_SHRINK | linux.F_SEAL_GROW)
try:
    os.write(fd, b"!")
except PermissionError as error:
    print(error.strerror)
