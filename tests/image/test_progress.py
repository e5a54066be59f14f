"""What a pull says on a terminal: a line for each layer, rewritten in place.

SPDX-License-Identifier: MIT
"""
import fcntl
import os
import pty
import re
import struct
import subprocess
import termios

import pytest

from registries import client, digest, fake, fakes, large  # noqa: F401 (fixtures)

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="unpacking needs root")


def on_terminal(client, rows, columns, *args):
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
    process = subprocess.Popen(client.argv(*args), env=client.env(), stdin=slave, stdout=slave,
                               stderr=slave, close_fds=True)
    os.close(slave)
    out = b""
    try:
        while piece := os.read(master, 65536):
            out += piece
    except OSError:
        pass  # EIO: all ends of the terminal are closed
    os.close(master)
    assert process.wait(30) == 0, out
    return out.decode()


def screen(out):
    """The lines that stay when a terminal has obeyed."""
    lines, at = [], 0
    for piece in re.split(r"(\x1b\[\d*[AK]|\r|\n)", out):
        if piece == "\n":
            at += 1
        elif up := re.fullmatch(r"\x1b\[(\d+)A", piece):
            at -= int(up.group(1))
        elif piece and piece != "\r" and not piece.startswith("\x1b"):
            lines += [""] * (at + 1 - len(lines))
            lines[at] = piece
    return [line for line in lines if line]


@pytest.mark.parametrize("columns", [80, 120])
def test_each_layer_has_a_line_with_a_bar_that_is_rewritten(client, fake, columns):
    image = large(2, n=2)
    name = fake.put(image)
    fake.pace = 0.02
    out = on_terminal(client, 24, columns, "pull", name)
    ids = [digest(x)[7:19] for x in image.layers]
    assert re.search(rf"{ids[0]}: Downloading \[=+> *\]  [\d.]+MB/2.1MB  [\d.]+MB/s", out)
    lines = screen(out)
    assert lines[1:3] == [f"{x}: Pull complete" for x in ids]
    assert lines[0].startswith("latest: Pulling from") and lines[-1] == name and len(lines) == 6
    assert max(len(line) for line in re.split(r"[\r\n]", re.sub(r"\x1b\[\d*[AK]", "", out))) <= \
        max(columns, 90)


def test_more_layers_than_rows_are_told_one_by_one(client, fake):
    name = fake.put(large(1, n=6))
    out = on_terminal(client, 4, 80, "pull", name)
    assert out.count(": Pull complete") == 6 and "\x1b[6A" not in out
