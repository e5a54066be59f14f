import linux, os, socket

host = open("/proc/self/ns/uts")
linux.unshare(linux.CLONE_NEWUTS)
linux.sethostname("box")
print(socket.gethostname())

linux.setns(host, linux.CLONE_NEWUTS)          # and back
print(socket.gethostname() == "box")
