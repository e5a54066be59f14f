"""The command line: grammar, help, suggestions, exit statuses of usage errors.

SPDX-License-Identifier: MIT
"""
import os
import subprocess

import pytest

from machine import BIN

COMMANDS = ["run", "create", "start", "stop", "restart", "kill", "rm", "wait", "ps", "logs", "exec", "attach",
            "inspect", "top", "pause", "unpause", "rename", "images", "load", "import", "tag",
            "rmi", "version", "info"]


@pytest.mark.parametrize("command", COMMANDS)
def test_help_fits_the_screen_and_needs_no_engine(empty_sampan, command):
    done = empty_sampan.run(command, "--help")
    assert done.returncode == 0 and done.stderr == ""
    assert done.stdout.startswith(f"Usage:  sampan {command}")
    assert max(map(len, done.stdout.splitlines())) <= 100
    assert not empty_sampan.root.exists()


def test_help_lists_every_command(empty_sampan):
    out = empty_sampan.ok("--help")
    for command in COMMANDS:
        assert f"\n  {command} " in out


@pytest.mark.parametrize("words, status, text", [
    (["nosuch"], 1, "'nosuch' is not a command"),
    (["rnu"], 1, "Did you mean 'sampan run'?"),
    (["container", "lss"], 1, "Did you mean 'sampan container ls'?"),
    (["ps", "--bad"], 125, "unknown flag: --bad"),
    (["run", "--nmae", "x", "i"], 125, "did you mean --name?"),
    (["run", "-Z"], 125, "unknown shorthand flag: 'Z' in -Z"),
    (["run", "--name"], 125, "flag needs an argument: --name"),
    (["run", "-m", "lots", "i"], 125, 'invalid argument "lots" for "-m, --memory" flag'),
    (["run", "--rm=maybe", "i"], 125, 'invalid argument "maybe" for "--rm" flag'),
    (["run"], 1, "requires at least 1 argument"),
    (["rename", "a"], 1, "requires exactly 2 arguments"),
    (["--nosuch"], 125, "unknown flag: --nosuch"),
])
def test_a_wrong_command_line_is_explained(empty_sampan, words, status, text):
    done = empty_sampan.run(*words)
    assert (done.returncode, done.stdout) == (status, "")
    assert text in done.stderr
    is_known = f"Run 'sampan {words[0]} --help'" in done.stderr
    assert (f"\nUsage:  sampan {words[0]} " in done.stderr) == is_known


def test_options_end_at_the_image(sampan):
    assert sampan.ok("run", "--rm", "busybox", "echo", "--rm", "-x", "--") == "--rm -x --"


def test_flags_bundle_and_take_values_in_every_form(sampan):
    out = sampan.ok("run", "--rm=true", "-ie", "A=1", "-eB=2", "--env=C=3", "-e", "D=4", "-m64m",
                    "busybox", "sh", "-c", "echo $A$B$C$D")
    assert out == "1234"
    sampan.ok("run", "--rm=false", "--name", "kept", "busybox", "true")
    assert sampan.ok("ps", "-aq") != ""


def test_grouped_forms(sampan):
    sampan.ok("container", "run", "--name", "gg", "busybox", "true")
    assert sampan.ok("container", "ls", "-a", "--format", "{{.Names}}") == "gg"
    assert "busybox" in sampan.ok("image", "ls")


def test_a_full_disk_is_an_error(sampan):
    with open("/dev/full", "w") as full:
        done = subprocess.run(sampan.argv("images"), env=sampan.env(), stdout=full,
                              stderr=subprocess.PIPE, text=True)
    assert done.returncode == 1 and "No space left" in done.stderr


def test_closed_standard_streams_do_no_harm(sampan):
    done = subprocess.run(sampan.argv("run", "--rm", "busybox", "echo", "x"), env=sampan.env(),
                          preexec_fn=lambda: (os.close(0), os.close(1)), stderr=subprocess.PIPE)
    assert done.returncode == 0


def test_images_tag_and_rmi(sampan):
    sampan.ok("tag", "busybox", "mine:v1")
    assert "mine" in sampan.ok("images", "--format", "{{.Repository}}:{{.Tag}}")
    assert "Untagged" in sampan.ok("rmi", "mine:v1")
    sampan.ok("rmi", "busybox")
    assert sampan.ok("images", "-q") == ""
    assert sampan.run("rmi", "busybox").returncode == 1


def test_inspect_prints_docker_s_fields(sampan):
    sampan.ok("create", "--name", "ii", "-e", "A=1", "-v", "/tmp:/t", "busybox", "echo", "x")
    fmt = "{{.Path}} {{.Args}} {{.Config.Image}} {{index .Config.Env 0}} {{(index .Mounts 0).Destination}}"
    out = sampan.ok("inspect", "-f", fmt, "ii")
    assert out.startswith("echo [x] busybox ") and out.endswith(" /t")
    done = sampan.run("inspect", "nosuch")
    assert done.returncode == 1 and done.stdout == "[]\n" and "No such object: nosuch" in done.stderr
