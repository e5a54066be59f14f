import linux, socket

linux.unshare(linux.CLONE_NEWUTS)
linux.sethostname("box")
print(socket.gethostname())
