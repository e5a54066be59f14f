import linux

linux.unshare(linux.CLONE_NEWUTS)
linux.setdomainname("example")
print(open("/proc/sys/kernel/domainname").read(), end="")
