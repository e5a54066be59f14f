"""untar.py - unpack an image.

SPDX-License-Identifier: MIT
"""
import inspect
import os
import tarfile

from lib.die import Refused
from lib.files import mkdir_p

# Newer Pythons want to be told that a container image may hold absolute links.
TRUST = ({"filter": "fully_trusted"}
         if "filter" in inspect.signature(tarfile.TarFile.extract).parameters else {})


def untar(archive, directory):
    """Unpack a tar archive into a directory, which is made once the archive was opened: a
    wrong name leaves nothing behind.

    Whatever the archive says, nothing is written outside the directory. Devices and fifos
    are skipped: the levels make their own devices. Owners and modes are kept.
    """
    with tarfile.open(archive, "r:") as tar:
        mkdir_p(directory)
        for member in tar:
            if not (member.isfile() or member.isdir() or member.issym() or member.islnk()):
                continue
            check_inside(directory, member.name)
            if member.islnk():
                check_inside(directory, member.linkname)
            path = os.path.join(directory, member.name.lstrip("/"))
            if os.path.lexists(path) and not os.path.isdir(path):
                os.unlink(path)  # an archive may hold a name twice
            tar.extract(member, directory, numeric_owner=True, **TRUST)


def check_inside(directory, name):
    """Refuse a path that leaves the directory, by ".." or through a link in the archive."""
    parent = os.path.dirname(os.path.join(directory, name.lstrip("/")))
    top = os.path.realpath(directory)
    if ".." in name.split("/") or os.path.commonpath([top, os.path.realpath(parent)]) != top:
        raise Refused(f"{name} leads out of the image")
