"""`run -it`, attach and exec -it on a pseudo-terminal.

SPDX-License-Identifier: MIT
"""
import fcntl
import os
import pty
import select
import struct
import subprocess
import termios
import time

import pytest


class Terminal:
    """A command on a terminal of its own."""

    def __init__(self, sampan, *args, rows=33, columns=77):
        self.master, slave = pty.openpty()
        self.resize(rows, columns)
        self.before = termios.tcgetattr(slave)
        self.slave = slave
        self.process = subprocess.Popen(
            sampan.argv(*args), env=sampan.env(), stdin=slave, stdout=slave, stderr=slave,
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0))
        self.seen = ""

    def resize(self, rows, columns):
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def type(self, text):
        os.write(self.master, text.encode())

    def until(self, text, timeout=10):
        deadline = time.monotonic() + timeout
        while text not in self.seen:
            left = deadline - time.monotonic()
            assert left > 0, f"{text!r} did not come: {self.seen!r}"
            if select.select([self.master], [], [], left)[0]:
                try:
                    self.seen += os.read(self.master, 4096).decode(errors="replace")
                except OSError:
                    break
        assert text in self.seen, self.seen
        self.seen = self.seen[self.seen.index(text) + len(text):]

    def wait(self):
        return self.process.wait(10)

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        os.close(self.master)
        os.close(self.slave)


@pytest.fixture
def terminal(sampan):
    made = []

    def make(*args, **more):
        made.append(Terminal(sampan, *args, **more))
        return made[-1]

    yield make
    for each in made:
        each.close()


def test_a_shell_has_a_terminal_of_the_right_size(terminal):
    t = terminal("run", "--rm", "-it", "busybox", "sh")
    t.type("stty size; tty\n")
    t.until("33 77")
    t.until("/dev/")
    t.type("exit 6\n")
    assert t.wait() == 6
    assert termios.tcgetattr(t.slave) == t.before


def test_a_new_window_size_reaches_the_program(terminal):
    t = terminal("run", "--rm", "-it", "busybox", "sh")
    t.type("echo rea''dy\n")
    t.until("ready")
    t.resize(11, 22)
    t.type("until stty size | grep '11 22'; do sleep 0.05; done; exit\n")
    t.until("\n11 22")
    assert t.wait() == 0


def test_ctrl_c_goes_to_the_program_not_to_us(terminal):
    t = terminal("run", "--rm", "-it", "busybox", "sh")
    t.type("sleep 50\n")
    t.until("sleep 50")
    time.sleep(0.3)
    t.type("\x03")
    t.type("echo st''ill\n")
    t.until("still")
    t.type("exit\n")
    t.wait()


def test_detach_keys_leave_it_running_and_attach_comes_back(sampan, terminal):
    t = terminal("run", "-it", "--name", "dd", "busybox", "sh")
    t.type("echo fir''st\n")
    t.until("first")
    t.type("\x10\x11")
    t.until("read escape sequence")
    assert t.wait() == 0
    assert sampan.ok("inspect", "-f", "{{.State.Status}}", "dd") == "running"
    again = terminal("attach", "--detach-keys", "ctrl-a,x", "dd")
    again.type("echo sec''ond\n")
    again.until("second")
    again.type("\x01x")
    assert again.wait() == 1
    last = terminal("attach", "dd")
    last.type("exit 3\n")
    assert last.wait() == 3


def test_exec_it(sampan, terminal):
    sampan.ok("run", "-d", "--name", "ee", "busybox", "sleep", "60")
    t = terminal("exec", "-it", "ee", "sh")
    t.type("stty size; exit 8\n")
    t.until("33 77")
    assert t.wait() == 8


def test_t_without_a_terminal_is_refused(sampan):
    done = sampan.run("run", "--rm", "-it", "busybox", "true")
    assert done.returncode == 1 and "the input device is not a TTY" in done.stderr


def test_t_alone_gives_a_terminal_to_the_program(sampan):
    assert sampan.ok("run", "--rm", "-t", "busybox", "tty").startswith("/dev/")


def test_two_listeners_see_the_same(sampan, terminal):
    sampan.ok("run", "-dit", "--name", "two", "busybox", "sh")
    a, b = terminal("attach", "two"), terminal("attach", "two")
    time.sleep(0.3)
    a.type("echo bo''th\n")
    a.until("both")
    b.until("both")
