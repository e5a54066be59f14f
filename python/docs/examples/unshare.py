import linux, os

before = os.readlink("/proc/self/ns/uts")
linux.unshare(linux.CLONE_NEWUTS)
print(os.readlink("/proc/self/ns/uts") == before)
