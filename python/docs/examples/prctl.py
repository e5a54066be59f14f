import linux, signal

linux.prctl(linux.PR_SET_NAME, "worker")
print(linux.prctl(linux.PR_GET_NAME))

linux.prctl(linux.PR_SET_PDEATHSIG, signal.SIGKILL)
print(linux.prctl(linux.PR_GET_PDEATHSIG))

linux.prctl(linux.PR_SET_NO_NEW_PRIVS, 1)
print(linux.prctl(linux.PR_GET_NO_NEW_PRIVS))
