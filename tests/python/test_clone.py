"""clone and clone3: a child that is a whole Python, and ends as its callback says.

SPDX-License-Identifier: MIT
"""
import errno
import os
import random
import signal
import subprocess
import sys
import textwrap
import threading

import pytest

import linux
from .calls import open_descriptors, thread_id_of_libc
from .isolation import in_child, isolated
from .test_mount import fails


def status_of(pid):
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def clone(callback, flags=0, args=()):
    return status_of(linux.clone(callback, flags, args))


def clone3(callback, flags=0, args=()):
    return status_of(linux.clone3(callback, flags, args).pid)


both = pytest.mark.parametrize("call", [clone, clone3])


def python(code, *, stdout=subprocess.PIPE):
    """Run a program with its output in a pipe, so that Python buffers it."""
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONUNBUFFERED"}
    return subprocess.run([sys.executable, "-c", textwrap.dedent(code)], stdout=stdout,
                          stderr=subprocess.PIPE, text=True, timeout=60, env=environment)


@both
@pytest.mark.parametrize("result, status", [
    (0, 0), (5, 5), (255, 255), (256, 0), (-1, 255), (None, 0), (True, 1), (1 << 70, 0)])
def test_the_callbacks_result_is_the_exit_status(call, result, status):
    assert call(lambda: result) == status


@both
def test_the_callback_gets_its_arguments(call):
    assert call(lambda a, b: a - b, 0, (7, 4)) == 3
    assert call(lambda *args: len(args), 0, [1, 2, 3, 4]) == 4


@pytest.mark.parametrize("call", ["linux.clone(f, 0)", "linux.clone3(f).pid"])
@pytest.mark.parametrize("body, status, words", [
    ("sys.exit(3)", 3, ""), ("sys.exit()", 0, ""), ("sys.exit('gone')", 1, "gone\n"),
    ("raise KeyError('k')", 255, "KeyError: 'k'"), ("return 'text'", 255, "TypeError: clone"),
    ("os._exit(9)", 9, ""), ("os.kill(os.getpid(), 9)", -9, "")])
def test_how_else_a_callback_can_end(call, body, status, words):
    run = python(f"""
        import linux, os, sys
        def f():
            {body}
        print(os.waitstatus_to_exitcode(os.waitpid({call}, 0)[1]))
    """)
    assert run.stdout == f"{status}\n" and words in run.stderr
    assert bool(words) == bool(run.stderr)


def test_nothing_of_the_parent_runs_in_the_child():
    run = python("""
        import atexit, linux, os
        atexit.register(print, "atexit of", os.getpid())
        try:
            pid = linux.clone(lambda: 0, 0)
            os.waitpid(pid, 0)
            print("after the call")
        finally:
            print("finally")
    """)
    assert [line.split()[0] for line in run.stdout.splitlines()] == ["after", "finally", "atexit"]


@pytest.mark.parametrize("call", ["linux.clone(f, 0)", "linux.clone3(f).pid"])
def test_output_is_flushed_and_never_written_twice(call):
    run = python(f"""
        import linux, os, sys
        def f():
            print("from the child")
            sys.stderr.write("words")
        print("before")
        os.waitpid({call}, 0)
        print("after")
    """)
    assert run.stdout == "before\nfrom the child\nafter\n" and run.stderr == "words"


def test_output_that_cannot_be_written_gives_status_120():
    with open("/dev/full", "w") as full:
        run = python("""
            import linux, os, sys
            pid = linux.clone(lambda: print("lost"), 0)
            sys.stderr.write(str(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])))
        """, stdout=full)
    assert run.stderr.endswith("120") and "No space left" in run.stderr


def test_closed_or_missing_streams_are_no_obstacle():
    run = python("""
        import io, linux, os, sys
        out, sys.stdout = sys.stdout, None
        assert os.waitpid(linux.clone(lambda: 1, 0), 0)[1] == 1 << 8
        sys.stdout = io.StringIO()
        sys.stdout.close()
        assert os.waitpid(linux.clone(lambda: 2, 0), 0)[1] == 2 << 8
        sys.stdout = object()
        assert os.waitpid(linux.clone(lambda: 3, 0), 0)[1] == 3 << 8
        sys.stdout = out
        print("good")
    """)
    assert (run.stdout, run.stderr) == ("good\n", "")


def test_a_flush_that_fails_in_the_parent_makes_no_child():
    class Broken:
        def flush(self):
            raise OSError(errno.ENOSPC, "full")

        def write(self, text):
            pass

    @isolated
    def run():
        old, sys.stdout = sys.stdout, Broken()
        try:
            with pytest.raises(OSError) as caught:
                linux.clone(lambda: 0, 0)
        finally:
            sys.stdout = old
        assert caught.value.errno == errno.ENOSPC
        with pytest.raises(ChildProcessError):
            os.waitpid(-1, 0)
    run()


def hooks(call):
    seen = []
    os.register_at_fork(before=lambda: seen.append("before"),
                        after_in_parent=lambda: seen.append("parent"),
                        after_in_child=lambda: seen.append("child"))
    assert call(lambda: 0 if seen == ["before", "child"] else 1) == 0
    assert seen == ["before", "parent"]


@both
def test_the_fork_hooks_run(call):
    in_child(hooks, call)


def hooks_of_a_failure():
    seen = []
    os.register_at_fork(before=lambda: seen.append("before"),
                        after_in_parent=lambda: seen.append("parent"))
    fails(errno.EINVAL, linux.clone, int, linux.CLONE_THREAD)
    assert seen == ["before", "parent"]


def test_the_fork_hooks_run_in_the_parent_when_no_child_is_made():
    in_child(hooks_of_a_failure)


@both
def test_random_differs_in_each_child(call):
    random.seed(1)
    statuses = {call(lambda: random.randrange(256)) for _ in range(12)}
    assert len(statuses) > 4


@both
def test_threads_that_did_not_come_along_are_forgotten(call):
    def run():
        stop = threading.Event()
        thread = threading.Thread(target=stop.wait)
        thread.start()
        assert call(threading.active_count) == 1
        assert threading.active_count() == 2
        stop.set()
        thread.join()
    in_child(run)


@both
def test_the_child_can_start_threads_and_children(call):
    def child():
        thread = threading.Thread(target=lambda: None)
        thread.start()
        thread.join()
        assert subprocess.run(["true"]).returncode == 0
        return call(lambda: 8)
    assert call(child) == 8


@both
def test_the_c_library_knows_that_it_is_in_the_child(call):
    assert thread_id_of_libc() == threading.get_native_id()
    assert call(lambda: thread_id_of_libc() == os.getpid()) == 1


@both
def test_a_child_calls_as_deep_as_python_allows(call):
    def deep(n):
        return n if n == 0 else deep(n - 1)
    assert call(lambda: deep(sys.getrecursionlimit() - 200)) == 0
    assert call(lambda: len(str(sorted([{"k": [i]} for i in range(500)], key=repr))) > 0) == 1


@isolated
def test_a_child_is_born_into_new_namespaces():
    def child():
        linux.sethostname("box")
        return 0 if (os.getpid(), os.uname().nodename) == (1, "box") else 1
    flags = linux.CLONE_NEWPID | linux.CLONE_NEWUTS | linux.CLONE_NEWNS | linux.CLONE_NEWNET
    before = os.uname().nodename
    assert clone(child, flags | linux.CLONE_NEWIPC | signal.SIGCHLD) == 0
    assert clone3(child, flags | linux.CLONE_NEWCGROUP | linux.CLONE_NEWTIME) == 0
    assert os.uname().nodename == before


def test_the_exit_signal_is_the_lowest_byte_and_sigchld_by_default():
    def run():
        got = []
        signal.signal(signal.SIGUSR1, lambda *_: got.append("usr1"))
        signal.signal(signal.SIGCHLD, lambda *_: got.append("chld"))
        os.waitpid(linux.clone(int, 0), 0)
        assert got == ["chld"]
        pid = linux.clone(int, signal.SIGUSR1)
        os.waitpid(pid, 0x40000000)  # __WALL
        assert got == ["chld", "usr1"]
        os.waitpid(linux.clone3(int, exit_signal=signal.SIGUSR1).pid, 0x40000000)
        assert got == ["chld", "usr1", "usr1"]
    in_child(run)


def test_shared_descriptors_are_shared():
    def run():
        linux.clone(lambda: os.open("/", os.O_PATH) and 0, linux.CLONE_FILES)
        os.wait()
        assert len(open_descriptors()) == before + 1
    before = None

    def outer():
        nonlocal before
        before = len(open_descriptors())
        run()
    in_child(outer)


def test_vfork_waits_for_the_child():
    def run():
        read_end, write_end = os.pipe()
        os.set_blocking(read_end, False)
        pid = linux.clone(lambda: os.write(write_end, b"done") and 0, linux.CLONE_VFORK)
        assert os.read(read_end, 10) == b"done"
        assert status_of(pid) == 0
    in_child(run)


def test_clone3_returns_a_pidfd_when_asked():
    child = linux.clone3(lambda: 4, linux.CLONE_PIDFD)
    assert isinstance(child, tuple) and child == (child.pid, child.pidfd)
    assert not os.get_inheritable(child.pidfd)
    assert os.waitid(os.P_PIDFD, child.pidfd, os.WEXITED).si_status == 4
    os.close(child.pidfd)
    plain = linux.clone3(int)
    assert plain.pidfd is None and status_of(plain.pid) == 0


def test_clone3_without_a_callback_returns_twice():
    child = linux.clone3()
    if child.pid == 0:
        os._exit(6 if child == (0, None) else 7)
    assert status_of(child.pid) == 6


@isolated
def test_clone3_gives_the_pid_that_was_asked_for():
    child = linux.clone3(os.getpid, set_tid=[77])
    assert child.pid == 77 and status_of(77) == 77
    child = linux.clone3(os.getpid, linux.CLONE_NEWPID, set_tid=(1, 99))
    assert child.pid == 99 and status_of(99) == 1
    error = fails(errno.EEXIST, lambda: linux.clone3(int, set_tid=[1]))
    assert isinstance(error, FileExistsError)


@isolated
def test_errors_of_clone():
    for call in (linux.clone, linux.clone3):
        fails(errno.EINVAL, call, int, linux.CLONE_THREAD)
        fails(errno.EINVAL, call, int, linux.CLONE_SIGHAND)
        fails(errno.EINVAL, call, int, linux.CLONE_NEWNS | linux.CLONE_FS)
    fails(errno.EINVAL, lambda: linux.clone3(int, 1 << 40))
    fails(errno.EINVAL, lambda: linux.clone3(int, exit_signal=1000))
    fails(errno.EBADF, lambda: linux.clone3(int, linux.CLONE_INTO_CGROUP, cgroup=999))
    with open("/proc/sys/user/max_uts_namespaces", "w") as limit:
        limit.write("0")
    fails(errno.ENOSPC, linux.clone, int, linux.CLONE_NEWUTS)
    linux.capset(0, 0, 0)
    error = fails(errno.EPERM, linux.clone, int, linux.CLONE_NEWNS)
    assert error.args == (1, "Operation not permitted")


def test_too_many_processes_are_eagain():
    def run():
        import resource
        os.setgid(65534)
        os.setuid(4242)
        resource.setrlimit(resource.RLIMIT_NPROC, (1, 1))
        for call in (linux.clone, linux.clone3):
            assert isinstance(fails(errno.EAGAIN, call, int, 0), BlockingIOError)
    if os.geteuid() != 0:
        pytest.skip("only root can become a user whose processes are known to be none")
    in_child(run)


def cgroup2():
    """A directory of cgroup v2 where a group can be made, or None."""
    for path in ("/sys/fs/cgroup", "/sys/fs/cgroup/unified"):
        if os.path.exists(f"{path}/cgroup.procs") and os.access(path, os.W_OK):
            return path
    return None


def test_a_child_is_born_in_a_cgroup():
    root = cgroup2()
    if root is None:
        pytest.skip("no writable cgroup v2 here")
    group = f"{root}/linux-module-test-{os.getpid()}"
    os.mkdir(group)
    try:
        directory = os.open(group, os.O_PATH)
        name = os.path.basename(group)
        child = linux.clone3(lambda: name in open("/proc/self/cgroup").read(),
                             linux.CLONE_INTO_CGROUP, cgroup=directory)
        os.close(directory)
        assert status_of(child.pid) == 1
    finally:
        os.rmdir(group)


def test_no_child_while_python_shuts_down():
    run = python("""
        import linux
        class Late:
            def __del__(self, clone=linux.clone):
                try:
                    clone(int, 0)
                except RuntimeError as error:
                    print(error)
        import sys
        sys.late = Late()
        late = Late()
        late.self = late
        import linux as kept
        sys.modules["kept alive"] = late
        del late
    """)
    assert "clone: not possible while Python shuts down" in run.stdout
