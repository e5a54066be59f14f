import linux, os, signal

pid = os.fork()
if pid == 0:
    signal.pause()
pidfd = linux.pidfd_open(pid)
linux.pidfd_send_signal(pidfd, signal.SIGKILL)
print(os.WTERMSIG(os.waitpid(pid, 0)[1]))
try:
    linux.pidfd_send_signal(pidfd, 0)
except ProcessLookupError as error:
    print(error)
os.close(pidfd)
