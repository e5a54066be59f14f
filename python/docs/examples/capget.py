import linux

caps = linux.capget()
print(bool(caps.effective & 1 << linux.CAP_SYS_ADMIN))
