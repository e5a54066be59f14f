import linux

fd = linux.memfd_create("program", linux.MFD_ALLOW_SEALING)
linux.add_seals(fd, linux.F_SEAL_SEAL)
print(linux.get_seals(fd) == linux.F_SEAL_SEAL)
