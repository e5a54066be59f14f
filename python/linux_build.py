#!/usr/bin/env python3
"""linux_build.py - compile, pack and install the module `linux`, with nothing but Python and cc.

It needs no network, no pip and no setuptools, so it works in a bare virtual environment.
It is also the build backend (PEP 517) that pyproject.toml names: `pip install ./python`
does the same.

    linux_build.py compile           the extension, as a package in build/<python>/linux
    linux_build.py wheel             dist/sampan_linux-*.whl
    linux_build.py install           the wheel's files into this Python
    linux_build.py clean

Environment: CC, CFLAGS, LDFLAGS; DESTDIR and BREAK_SYSTEM_PACKAGES for install.

SPDX-License-Identifier: MIT
"""
import base64
import csv
import hashlib
import io
import os
import pathlib
import shlex
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import zipfile

NAME = "sampan_linux"
VERSION = "0.1.0"
METADATA = f"""\
Metadata-Version: 2.1
Name: sampan-linux
Version: {VERSION}
Summary: The Linux kernel's calls for containers, in Python, with the semantics of C
License: MIT
Requires-Python: >=3.9
Classifier: License :: OSI Approved :: MIT License
Classifier: Operating System :: POSIX :: Linux
Classifier: Programming Language :: C
Classifier: Programming Language :: Python :: 3
Classifier: Typing :: Typed
"""

HERE = pathlib.Path(__file__).resolve().parent
# In the repository the engine's kernel layer is beside us; a source archive brings it along.
ENGINE = HERE / "engine" if (HERE / "engine").is_dir() else HERE.parent / "src"
ENGINE_SOURCES = ("linux/mount.c", "linux/process.c", "linux/privilege.c",
                  "linux/trace.c")
WARNINGS = "-Wall -Wextra -Wshadow -Wvla -Wstrict-prototypes -Werror"

TAG = "{0}-{0}{1}-{2}".format(
    f"cp{sys.version_info[0]}{sys.version_info[1]}", getattr(sys, "abiflags", ""),
    sysconfig.get_platform().replace("-", "_").replace(".", "_"))
TYPING = ("__init__.pyi", "py.typed")


class Problem(Exception):
    """What the user can do something about."""


# --- compile -----------------------------------------------------------------------------

def compiler():
    words = shlex.split(os.environ.get("CC", "")) or ["cc"]
    if not shutil.which(words[0]):
        raise Problem(f"no C compiler: {words[0]} is not found (Debian: apt install gcc)")
    return words


def python_headers():
    paths = sysconfig.get_paths()
    if not pathlib.Path(paths["include"], "Python.h").exists():
        raise Problem(f"{paths['include']}/Python.h is not there "
                      "(Debian: apt install python3-dev)")
    return [f"-isystem{path}" for path in sorted({paths["include"], paths["platinclude"]})]


def sources():
    return sorted((HERE / "src").glob("*.c")) + [ENGINE / name for name in ENGINE_SOURCES]


def is_fresh(target):
    inputs = [*sources(), *(HERE / "src").glob("*.h"), *ENGINE.glob("*/*.h"), HERE / "linux_build.py"]
    return target.exists() and all(
        path.stat().st_mtime < target.stat().st_mtime for path in inputs)


def compile_extension(directory):
    """The package `linux` in `directory`; returns it."""
    package = pathlib.Path(directory, "linux")
    package.mkdir(parents=True, exist_ok=True)
    target = package / f"__init__{sysconfig.get_config_var('EXT_SUFFIX')}"
    if not is_fresh(target):
        command = [
            *compiler(), "-std=gnu17", "-O2", "-g", *WARNINGS.split(), "-D_GNU_SOURCE",
            f'-DMODULE_VERSION="{VERSION}"', "-fvisibility=hidden", "-fPIC", "-shared",
            *python_headers(), "-iquote", str(ENGINE),
            *shlex.split(os.environ.get("CFLAGS", "")), *map(str, sources()),
            *shlex.split(os.environ.get("LDFLAGS", "")), "-o", str(target)]
        print(shlex.join(command) if os.environ.get("V") else f"  CC {target}", flush=True)
        if subprocess.run(command).returncode:
            target.unlink(missing_ok=True)
            raise Problem("the compiler failed")
    for name in TYPING:
        shutil.copy(HERE / "linux" / name, package)
    return package


def build_directory():
    return HERE / "build" / os.environ.get("BUILD_NAME", TAG)


# --- pack --------------------------------------------------------------------------------

def wheel_files(package):
    """{name in the wheel: content} of everything but RECORD."""
    info = f"{NAME}-{VERSION}.dist-info"
    files = {f"linux/{path.name}": path.read_bytes() for path in sorted(package.iterdir())}
    files[f"{info}/METADATA"] = METADATA.encode()
    files[f"{info}/WHEEL"] = ("Wheel-Version: 1.0\nGenerator: sampan linux_build.py\n"
                              f"Root-Is-Purelib: false\nTag: {TAG}\n").encode()
    files[f"{info}/LICENSE"] = licence().read_bytes()
    return files


def licence():
    return next(path for path in (HERE / "LICENSE", HERE.parent / "LICENSE") if path.exists())


def record(files):
    rows = io.StringIO()
    writer = csv.writer(rows, lineterminator="\n")
    for name, content in files.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=")
        writer.writerow([name, "sha256=" + digest.decode(), len(content)])
    writer.writerow([f"{NAME}-{VERSION}.dist-info/RECORD", "", ""])
    return rows.getvalue().encode()


def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    """Hook of PEP 517; returns the wheel's file name."""
    files = wheel_files(compile_extension(build_directory()))
    files[f"{NAME}-{VERSION}.dist-info/RECORD"] = record(files)
    path = pathlib.Path(wheel_directory, f"{NAME}-{VERSION}-{TAG}.whl")
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as wheel:
        for name, content in files.items():  # a fixed date: the same input, the same bytes
            entry = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = (0o755 if name.endswith(".so") else 0o644) << 16
            wheel.writestr(entry, content)
    return path.name


def build_sdist(sdist_directory, config_settings=None):
    """Hook of PEP 517; the archive brings the engine files that the module stands on."""
    root = f"{NAME}-{VERSION}"
    path = pathlib.Path(sdist_directory, f"{root}.tar.gz")
    path.parent.mkdir(parents=True, exist_ok=True)
    own = [HERE / "linux_build.py", HERE / "pyproject.toml", HERE / "README.md",
           *(HERE / "linux" / name for name in TYPING), *sorted((HERE / "src").iterdir())]
    engine = [*(ENGINE / name for name in ENGINE_SOURCES), *sorted(ENGINE.glob("linux/*.h")),
              *sorted(ENGINE.glob("base/*.h"))]
    info = pathlib.Path(build_directory(), "PKG-INFO")
    info.parent.mkdir(parents=True, exist_ok=True)
    info.write_text(METADATA)
    with tarfile.open(path, "w:gz") as archive:
        for file in own:
            archive.add(file, f"{root}/{file.relative_to(HERE)}")
        for file in engine:
            archive.add(file, f"{root}/engine/{file.relative_to(ENGINE)}")
        archive.add(licence(), f"{root}/LICENSE")
        archive.add(info, f"{root}/PKG-INFO")
    return path.name


# --- install -----------------------------------------------------------------------------

def refuse_managed_python():
    """PEP 668: a distribution's Python belongs to its package manager."""
    managed = pathlib.Path(sysconfig.get_path("stdlib"), "EXTERNALLY-MANAGED")
    if (sys.prefix == sys.base_prefix and managed.exists()
            and not os.environ.get("BREAK_SYSTEM_PACKAGES")):
        raise Problem(
            f"{sys.executable} belongs to the distribution (PEP 668): nothing was installed.\n"
            "Install into a virtual environment:\n"
            f"    {sys.executable} -m venv --without-pip ~/linux-venv\n"
            "    make install PYTHON=~/linux-venv/bin/python\n"
            "or into the system's Python all the same:\n"
            "    make install BREAK_SYSTEM_PACKAGES=1")


def remove_installed(site):
    """The files of an earlier installation, as its RECORD lists them."""
    for old in site.glob(f"{NAME}-*.dist-info/RECORD"):
        with old.open(newline="") as rows:
            names = [row[0] for row in csv.reader(rows) if row]
        for name in names:
            (site / name).unlink(missing_ok=True)
        for directory in (site / "linux", old.parent):
            if directory.is_dir() and not any(directory.iterdir()):
                directory.rmdir()


def install():
    refuse_managed_python()
    wheel = HERE / "dist" / build_wheel(HERE / "dist")
    site = pathlib.Path(sysconfig.get_path("platlib"))
    destination = os.environ.get("DESTDIR", "")
    if destination:
        site = pathlib.Path(destination) / site.relative_to("/")
    try:
        site.mkdir(parents=True, exist_ok=True)
        remove_installed(site)
        with zipfile.ZipFile(wheel) as files:
            files.extractall(site)
    except PermissionError as error:
        raise Problem(f"{error.filename}: {error.strerror}: "
                      "install into a virtual environment, or as root") from None
    print(f"installed linux {VERSION} into {site}")


def clean():
    for directory in ("build", "dist"):
        shutil.rmtree(HERE / directory, ignore_errors=True)


def main():
    commands = {
        "compile": lambda: print(compile_extension(build_directory()).parent),
        "wheel": lambda: print(HERE / "dist" / build_wheel(HERE / "dist")),
        "install": install,
        "clean": clean,
    }
    if sys.version_info < (3, 9):
        sys.exit("linux_build.py: Python 3.9 or later is needed, this is "
                 + sys.version.split()[0])
    if len(sys.argv) != 2 or sys.argv[1] not in commands:
        sys.exit(f"usage: linux_build.py {'|'.join(commands)}")
    try:
        commands[sys.argv[1]]()
    except Problem as problem:
        sys.exit(f"linux_build.py: {problem}")


if __name__ == "__main__":
    main()
