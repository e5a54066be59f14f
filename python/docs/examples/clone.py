import linux, os

def contained(name):
    linux.sethostname(name)
    print(os.uname().nodename, os.getpid())
    return 5

pid = linux.clone(contained, linux.CLONE_NEWUTS | linux.CLONE_NEWPID, ("box",))
_, status = os.waitpid(pid, 0)
print(os.WEXITSTATUS(status))
