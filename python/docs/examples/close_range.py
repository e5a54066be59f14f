import linux, os

fds = [os.open("/", os.O_RDONLY) for _ in range(3)]
linux.close_range(fds[0], fds[-1], linux.CLOSE_RANGE_CLOEXEC)   # all of them, in one call
linux.close_range(fds[1])                                       # this one and all above
try:
    os.fstat(fds[1])
except OSError as error:
    print(error.strerror)
