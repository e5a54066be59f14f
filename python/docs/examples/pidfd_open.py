import linux, os, select

pid = os.fork()
if pid == 0:
    os._exit(3)
pidfd = linux.pidfd_open(pid)
select.select([pidfd], [], [])
print(os.WEXITSTATUS(os.waitpid(pid, 0)[1]))
os.close(pidfd)
