"""The module as a module: phases of initialisation, interpreters, what it exports.

SPDX-License-Identifier: MIT
"""
import gc
import importlib.resources
import importlib.util
import inspect
import subprocess
import sys
import textwrap
import weakref

import pytest

import linux


def python(code, *options):
    return subprocess.run([sys.executable, *options, "-c", textwrap.dedent(code)],
                          capture_output=True, text=True, timeout=60)


def fresh():
    module = importlib.util.module_from_spec(linux.__spec__)
    linux.__spec__.loader.exec_module(module)
    return module


def test_each_import_has_a_state_of_its_own():
    one, two = fresh(), fresh()
    assert one.Error is not two.Error
    with pytest.raises(one.Error):
        one.umount("/nowhere")
    with pytest.raises(two.Error) as caught:
        two.umount("/nowhere")
    assert not isinstance(caught.value, one.Error)
    assert type(one.capget()) is one.Capabilities is not two.Capabilities


def test_a_module_that_is_let_go_is_freed():
    module = fresh()
    gone = weakref.ref(module)
    error = weakref.ref(module.Error)
    del module
    gc.collect()
    assert gone() is None and error() is None


def test_it_can_be_reloaded():
    run = python("""
        import importlib, linux
        importlib.reload(linux)
        try:
            linux.umount("/nowhere")
        except linux.Error as error:
            print(error.errno)
    """)
    assert (run.stdout, run.stderr) == ("2\n", "")


SUBINTERPRETER = """
import sys
try:
    import _interpreters as interpreters
except ImportError:
    import _xxsubinterpreters as interpreters
import linux
code = '''
import linux
try:
    linux.umount("/nowhere")
except linux.Error as error:
    print(error.errno, flush=True)
try:
    linux.clone(int, 0)
except RuntimeError as error:
    print(error, flush=True)
'''
%s
for _ in range(3):
    child = create()
    print(interpreters.run_string(child, code) or "", end="", flush=True)
    interpreters.destroy(child)
print("main is well", linux.Error.__name__)
"""


def check_interpreters(create):
    run = python(SUBINTERPRETER % create)
    assert run.stderr == ""
    assert run.stdout == "2\nclone: not possible in a subinterpreter\n" * 3 + (
        "main is well Error\n")


def test_it_works_in_subinterpreters():
    if sys.version_info < (3, 12):
        create = "create = lambda: interpreters.create(isolated=False)"
        if sys.version_info < (3, 9):
            pytest.skip("Python 3.9 is the oldest")
    elif sys.version_info < (3, 13):
        create = "create = lambda: interpreters.create(isolated=False)"
    else:
        create = "create = lambda: interpreters.create('legacy')"
    check_interpreters(create)


def test_it_works_in_interpreters_with_a_lock_of_their_own():
    if sys.version_info < (3, 12):
        pytest.skip("a lock per interpreter came with Python 3.12")
    if sys.version_info < (3, 13):
        create = "create = lambda: interpreters.create(isolated=True)"
    else:
        create = "create = lambda: interpreters.create('isolated')"
    # Daemon-less and fork-less: clone is refused for the interpreter before anything else.
    check_interpreters(create)


def test_python_ends_cleanly_in_development_mode():
    run = python("""
        import linux, os
        assert linux.clone3(int, linux.CLONE_PIDFD).pidfd > 2
        os.wait()
        for _ in range(3):
            try:
                linux.mount("a", "/nowhere")
            except linux.Error:
                pass
    """, "-X", "dev", "-W", "error")
    assert (run.returncode, run.stderr) == (0, "")


def test_all_lists_the_public_names():
    public = {name for name in dir(linux) if not name.startswith("_")}
    kinds = {name for name in public if inspect.isclass(getattr(linux, name))
             and issubclass(getattr(linux, name), linux.Error)} - {"Error"}
    assert linux.__all__ == sorted(public - kinds) and len(kinds) == 10


def test_the_package_has_its_stub_and_marker_beside_it():
    files = {path.name for path in importlib.resources.files(linux).iterdir()} \
        if sys.version_info >= (3, 10) else None
    if files is None:
        pytest.skip("importlib.resources.files of a package without __init__.py: Python 3.10")
    assert {"__init__.pyi", "py.typed"} <= files


def test_functions_belong_to_the_module():
    assert linux.mount.__module__ == "linux" and linux.mount.__self__ is linux
    assert linux.__version__ == "0.1.0"
