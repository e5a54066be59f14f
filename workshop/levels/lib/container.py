"""container.py - the names of one container.

container_name() only makes up names: nothing is created on disk or in the kernel.

SPDX-License-Identifier: MIT
"""
import os
import uuid
from types import SimpleNamespace


def container_name(options):
    """id: a random UUID. dir: CONTAINER_DIR/ID, all that this container has on disk.
    root: CONTAINER_DIR/ID/rootfs, what the container will call /."""
    name = str(uuid.uuid4())
    directory = os.path.join(options.container_dir, name)
    return SimpleNamespace(id=name, dir=directory, root=os.path.join(directory, "rootfs"))
