"""files.py - small work with files, so that a level can think of its own subject.

SPDX-License-Identifier: MIT
"""
import errno
import os

import linux


def mkdir_p(path):
    """mkdir -p. New directories get mode 0755, whatever the umask."""
    if os.path.isdir(path):
        return
    parent = os.path.dirname(path)
    if parent:
        mkdir_p(parent)
    try:
        os.mkdir(path)
    except FileExistsError:
        return  # someone was faster
    os.chmod(path, 0o755)


def write_file(path, text):
    """Write to a file that exists, such as a control file of the kernel: one write(2)."""
    fd = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
    try:
        os.write(fd, str(text).encode())
    except OSError as error:
        raise OSError(error.errno, f'{error.strerror}: write "{text}" to', path) from None
    finally:
        os.close(fd)


def remove_tree(path):
    """rm -r, but not across a mount point: what is mounted there belongs to someone else.

    NO_XDEV also sees a bind mount of the same file system, where st_dev does not.
    """
    try:
        directory = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    except FileNotFoundError:
        return
    remove_inside(directory, path)
    os.rmdir(path)


def remove_inside(directory, path):
    try:
        for entry in list(os.scandir(directory)):
            is_directory = entry.is_dir(follow_symlinks=False)
            if is_directory:
                below = os.path.join(path, entry.name)
                remove_inside(open_below(directory, entry.name, below), below)
            if is_directory:
                os.rmdir(entry.name, dir_fd=directory)
            else:
                os.unlink(entry.name, dir_fd=directory)
    finally:
        os.close(directory)


def open_below(directory, name, path):
    try:
        return linux.openat2(directory, name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW,
                             resolve=linux.RESOLVE_NO_XDEV | linux.RESOLVE_BENEATH)
    except OSError as error:
        if error.errno == errno.EXDEV:
            raise OSError(errno.EXDEV, "still mounted, not removed", path) from None
        raise
