# SPDX-License-Identifier: MIT
"""The workshop's environments: what can be tried without downloading a system."""

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

ENVIRONMENTS = Path(__file__).resolve().parents[2] / "workshop" / "environments"
PROVISION = ENVIRONMENTS / "provision.sh"

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root: it mounts a tmpfs")


def need(program, package):
    if not shutil.which(program):
        pytest.skip(f"needs {program} ({package})")


def run(argv, **more):
    """Its exit status and all that it printed."""
    done = subprocess.run(argv, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          check=False, **more)
    return done.returncode, done.stdout


# --- provision.sh -------------------------------------------------------------------

@pytest.fixture
def provision(tmp_path, tmp_path_factory):
    """Runs a script that may call $P, in a mount namespace of its own, without systemd."""
    workshop = tmp_path_factory.mktemp("workshop")
    (workshop / "images").mkdir()
    (workshop / "environments").mkdir()
    env = {
        "PATH": os.environ["PATH"],
        "P": str(shutil.copy(PROVISION, workshop / "environments")),
        "T": str(tmp_path),
        "SAMPAN_WORKSHOP_STATE": str(tmp_path / "state"),
        "SAMPAN_WORKSHOP_PLACE": str(tmp_path / "place"),
        "SAMPAN_WORKSHOP_UNITS": str(tmp_path / "units"),
    }
    cage = ["unshare", "--mount", "--propagation", "private", "sh", "-eu", "-c"]
    return lambda script: run([*cage, script], env=env)


@needs_root
def test_on_boot_twice_is_on_boot_once(provision):
    status, said = provision("""
        $P on_boot; cp $T/state/ledger $T/first
        $P on_boot; cmp $T/first $T/state/ledger
        grep -c " $T/place/containers tmpfs" /proc/self/mounts""")
    assert (status, said) == (0, "1\n")


@needs_root
def test_clean_removes_all_that_was_made(provision, tmp_path):
    assert provision("$P on_boot; $P clean; ls -A $T") == (0, "")
    assert not (tmp_path / "place").exists()


@needs_root
def test_clean_leaves_what_others_made(provision, tmp_path):
    (tmp_path / "place" / "images").mkdir(parents=True)
    script = "$P on_boot; echo mine > $T/place/note; $P clean; cat $T/place/note"
    assert provision(script) == (0, "mine\n")
    assert (tmp_path / "place" / "images").is_dir()


@needs_root
def test_clean_leaves_a_file_that_took_the_place_of_ours(provision):
    status, said = provision("""
        $P on_boot; rm $T/place/images
        echo mine > $T/other; mv $T/other $T/place/images
        $P clean; cat $T/place/images""")
    assert status == 0 and "not the one we made" in said and said.endswith("mine\n"), said


@needs_root
def test_clean_does_not_take_a_running_container_down(provision):
    status, said = provision("""
        $P on_boot; cd $T/place/containers
        ! $P clean
        test -e $T/state/ledger && echo kept""")
    assert status == 0 and "still running" in said and said.endswith("kept\n"), said


def test_provision_script_is_clean_shell():
    need("shellcheck", "shellcheck")
    assert run(["shellcheck", PROVISION]) == (0, "")


def test_packages_are_names_with_a_purpose():
    for line in (ENVIRONMENTS / "packages").read_text().splitlines():
        names, hash_, purpose = line.partition("#")
        assert hash_ and purpose.strip(), line
        assert all(re.fullmatch(r"[a-z0-9][a-z0-9+.-]+", name) for name in names.split()), line


# --- the other tools' files ------------------------------------------------------------

def test_packer_template_is_valid_once_a_base_image_is_named(tmp_path):
    need("packer", "packer")
    base = tmp_path / "base.qcow2"
    base.touch()
    where = {"cwd": ENVIRONMENTS / "packer",
             "env": {**os.environ, "CHECKPOINT_DISABLE": "1", "HOME": str(tmp_path)}}
    status, said = run(["packer", "validate", "-var", f"base_image={base}", "workshop.pkr.hcl"],
                       **where)
    assert status == 0, said
    status, said = run(["packer", "validate", "workshop.pkr.hcl"], **where)
    assert status != 0 and "base_image" in said


def test_vagrantfile_is_valid(tmp_path):
    need("vagrant", "vagrant")
    env = {**os.environ, "VAGRANT_CHECKPOINT_DISABLE": "1", "HOME": str(tmp_path),
           "VAGRANT_HOME": str(tmp_path / "home"), "VAGRANT_DOTFILE_PATH": str(tmp_path / "dot")}
    status, said = run(["vagrant", "validate", "--ignore-provider"], cwd=ENVIRONMENTS, env=env)
    assert status == 0, said


def test_devcontainer_names_what_exists():
    file = ENVIRONMENTS / "devcontainer" / "devcontainer.json"
    config = json.loads(file.read_text())
    dockerfile = file.parent / config["build"]["dockerfile"]
    context = file.parent / config["build"]["context"]
    for line in dockerfile.read_text().splitlines():
        if line.startswith("COPY "):
            for source in line.split()[1:-1]:
                assert (context / source).exists(), source
    assert (ENVIRONMENTS.parents[1] / config["postStartCommand"].split()[0]).exists()
