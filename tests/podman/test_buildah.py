"""buildah on our runtime: run, and builds with RUN steps.

SPDX-License-Identifier: MIT
"""
import shutil

import pytest

IMAGE = "localhost/busybox:latest"

CONTAINERFILE = f"""FROM {IMAGE}
ARG WHO=nobody
ENV A=b
RUN mkdir -p /made/here && echo "$WHO $A $(id -u)" >/made/here/who
WORKDIR /made/here
COPY note .
RUN cat note >>who && hostname >/dev/null
USER 1000:1000
RUN id -u && test ! -w /
CMD ["cat", "/made/here/who"]
"""


@pytest.fixture
def buildah(podman):
    if not shutil.which("buildah"):
        pytest.skip("no buildah")

    def call(*words, **more):
        return podman.call("buildah", *words, **more)

    yield call
    call("rm", "--all")


def build(podman, call, tmp_path, text):
    (tmp_path / "Containerfile").write_text(text)
    (tmp_path / "note").write_text("carried\n")
    return call(*limits(podman), tmp_path, timeout=120)


def limits(podman):
    """build has a --ulimit of its own, and knows no default_ulimits."""
    return ("bud", "--isolation", "oci", "--network", "none", "--ulimit", "nofile=512:512",
            "--build-arg", "WHO=me", "--tag", "localhost/built")


@pytest.mark.cgroups
def test_a_build_runs_its_steps(podman, buildah, tmp_path):
    done = build(podman, buildah, tmp_path, CONTAINERFILE)
    assert done.returncode == 0, done.stderr
    assert podman.ok("run", "--rm", "--network", "none", "localhost/built") == \
        "me b 0\ncarried"
    podman.ok("rmi", "--force", "localhost/built")


def test_a_step_that_fails_ends_the_build_with_its_status(podman, buildah, tmp_path):
    done = build(podman, buildah, tmp_path, f"FROM {IMAGE}\nRUN exit 7\n")
    assert done.returncode == 7 and "exit status 7" in done.stderr


@pytest.mark.cgroups
def test_a_build_by_podman(podman, tmp_path):
    (tmp_path / "Containerfile").write_text(CONTAINERFILE)
    (tmp_path / "note").write_text("carried\n")
    words = [w for w in limits(podman) if w != "bud"]
    podman.ok("build", *words, tmp_path, timeout=120)
    assert podman.ok("run", "--rm", "--network", "none", "localhost/built").startswith("me b 0")
    podman.ok("rmi", "--force", "localhost/built")


def test_run_in_a_working_container(buildah):
    name = buildah("from", IMAGE).stdout.strip()
    words = ("run", "--isolation", "oci", "--network", "none")
    assert buildah(*words, "--env", "A=b", name, "--", "sh", "-c", "echo $A >/file; pwd").returncode == 0
    assert buildah(*words, name, "--", "cat", "/file").stdout == "b\n"
    assert buildah(*words, "--user", "1000", name, "--", "id", "-u").stdout == "1000\n"
    failed = buildah(*words, name, "--", "sh", "-c", "exit 9")
    assert failed.returncode == 9
    missing = buildah(*words, name, "--", "/no/such")
    assert missing.returncode != 0 and "no such file" in missing.stderr
