import linux

caps = linux.capget()
without = ~(1 << linux.CAP_SYS_CHROOT)
linux.capset(caps.effective & without, caps.permitted & without, caps.inheritable)
try:
    linux.capset(*caps)                        # there is no way back
except linux.Error as error:
    print(error)
