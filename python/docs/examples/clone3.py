import linux, os, select

def contained():
    return 7

child = linux.clone3(contained, linux.CLONE_PIDFD | linux.CLONE_NEWPID)
select.select([child.pidfd], [], [])           # readable: the child has ended
print(os.WEXITSTATUS(os.waitpid(child.pid, 0)[1]))
os.close(child.pidfd)
