"""commit, diff, export: a container's files become a layer, a list of changes, a tar.

SPDX-License-Identifier: MIT
"""
import hashlib
import io
import json
import os
import pathlib
import shutil
import subprocess
import tarfile
import threading

import pytest

import images
import makers
from stores import Store, tree

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="needs root")

# All that a container can do to its files, in one go.
CHANGES = """
set -e
echo new >/new; chmod 4751 /new; ln /new /linked; ln -s new /symbolic; mkfifo -m 622 /pipe
mkdir -p /made/deep; chmod 1777 /made; chown 3000000000:70000 /made/deep
rm /bin/vi; rm -r /home; rm -r /var; mkdir /var; echo 1 >/var/instead
touch -d '2001-02-03 04:05:06' /usr /made/deep
truncate -s 40M /hole; printf x | dd of=/hole bs=1 seek=1M conv=notrunc 2>/dev/null
long=$(printf '%0200d' 7); mkdir -p /$long/$long; echo long >/$long/$long/file
echo a >"/with blank"; echo b >"/ünïcödé ☃"
"""


def changed(sampan, name="changed"):
    sampan.ok("run", "--name", name, "--cap-add", "ALL", "busybox", "sh", "-c", CHANGES)
    upper = sampan.root / "containers" / sampan.ok("inspect", "-f", "{{.Id}}", name) / "upper"
    os.setxattr(upper / "new", "user.note", b"a=b\n\0c")
    os.setxattr(upper / "new", "security.capability", bytes.fromhex("0100000200040000000000000000000000000000"))
    return upper


def entries(data):
    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        return {m.name: m for m in tar}


def export(sampan, name):
    done = subprocess.run(sampan.argv("export", name), env=sampan.env(), capture_output=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def seen(data):
    """What a tar says about each file, but for what an engine puts into every container."""
    return {name: (m.type, m.mode, m.uid, m.gid, m.size, m.linkname, m.mtime, m.devmajor, m.devminor,
                   {k: v for k, v in m.pax_headers.items() if "xattr" in k})
            for name, m in entries(data).items()
            if name not in (".", "etc") and not name.startswith(("etc/host", "etc/resolv", "dev", "proc", "sys"))}


# ---- diff ----


def test_diff_tells_what_came_changed_and_went(sampan):
    sampan.ok("run", "--name", "c", "busybox", "sh", "-c",
              "echo x >/etc/passwd; echo y >/etc/new; rm /bin/vi; mkdir -p /a/b; touch /a-b;"
              "rm -r /var; mkdir /var; chmod 700 /home; sh -c 'echo z >>/etc/group'")
    lines = sampan.ok("diff", "c").splitlines()
    expected = ["A /a", "A /a/b", "A /a-b", "C /bin", "D /bin/vi", "C /etc", "C /etc/group", "A /etc/new",
                "C /etc/passwd", "C /home", "C /var"]
    assert [line for line in lines if not line.startswith("D /var/")] == expected
    assert any(line.startswith("D /var/") for line in lines)


def test_a_container_that_did_nothing_has_no_changes(sampan):
    for words in (["create", "--name", "c", "busybox", "true"], ["start", "-a", "c"]):
        sampan.ok(*words)
        assert sampan.ok("diff", "c") == ""


def test_diff_of_a_running_container_that_leaves_nothing(sampan):
    sampan.ok("run", "-d", "--rm", "--name", "c", "busybox", "sh", "-c", "echo >/new; exec sleep 1000")
    sampan.wait_for(lambda: sampan.ok("diff", "c") == "A /new")
    sampan.ok("rm", "-f", "c")
    assert sampan.run("diff", "c").returncode == 1


# ---- commit ----


def test_the_committed_image_has_the_containers_files(sampan):
    changed(sampan)
    sampan.ok("commit", "changed", "new:1")
    sampan.ok("create", "--name", "again", "new:1", "true")
    assert seen(export(sampan, "again")) == seen(export(sampan, "changed"))
    layer = Store(sampan.root).layers("docker.io/library/new:1")[1]
    assert (layer / "hole").stat().st_blocks < 1100
    assert os.getxattr(layer / "var", "trusted.overlay.opaque") == b"y"
    assert (layer / "new").stat().st_ino == (layer / "linked").stat().st_ino
    assert (layer / "made/deep").stat().st_uid == 3000000000
    assert sampan.ok("run", "--rm", "new:1", "sh", "-c", "ls /var; cat /linked; ls /bin/vi /home 2>&1 | wc -l") \
        == "instead\nnew\n2"
    assert sampan.ok("system", "check").endswith("no problems found")


def test_the_same_files_give_the_same_layer(sampan):
    changed(sampan)
    env = {"SOURCE_DATE_EPOCH": "1700000000"}
    first, second = (sampan.ok("commit", "changed", name, env=env) for name in ("a", "b"))
    assert first == second
    store = Store(sampan.root)
    layers = [store.record(f"docker.io/library/{name}:latest")["layers"] for name in "ab"]
    assert layers[0] == layers[1] and len(layers[0]) == 2
    done = sampan.run("commit", "changed", env={"SOURCE_DATE_EPOCH": "yesterday"})
    assert done.returncode == 1 and "SOURCE_DATE_EPOCH" in done.stderr


def test_whoever_reads_the_layer_reads_the_same(sampan, tmp_path):
    """GNU tar and Python as judges of our writer."""
    upper = changed(sampan)
    sampan.ok("commit", "changed", "new")
    record = Store(sampan.root).record("docker.io/library/new:latest")
    blob = sampan.root / "images/blobs/sha256" / record["layers"][1]["blob"][7:]
    with tarfile.open(blob) as tar:
        found = {m.name: m for m in tar}
    assert found["new"].mode == 0o4751 and found["made/deep"].uid == 3000000000
    assert found["linked"].pax_headers["SCHILY.xattr.user.note"] == "a=b\n\0c"
    assert found["new"].islnk() and found["new"].linkname == "linked"
    assert {"bin/.wh.vi", ".wh.home", "var/.wh..wh..opq"} <= set(found)
    assert not any("overlay" in key for m in found.values() for key in m.pax_headers)
    assert abs(found["with blank"].mtime - (upper / "with blank").stat().st_mtime) < 1e-6
    (tmp_path / "out").mkdir()
    subprocess.run(["tar", "--xattrs", "--xattrs-include=*", "--same-owner", "-xpzf", blob, "-C", tmp_path / "out"],
                   check=True)
    theirs, ours = tree(tmp_path / "out"), tree(upper)
    skipped = {".", "etc", "dev", "proc", "sys", "var"} | {n for n in ours if ours[n]["mode"] == "0o20000"}
    for name in set(ours) - skipped - {n for n in ours if n.startswith("etc/")}:
        ours[name]["xattrs"] = {k: v for k, v in ours[name]["xattrs"].items() if not k.startswith("trusted.")}
        assert ours[name] == theirs[name], name


def test_what_the_engine_put_there_is_in_no_layer(sampan, tmp_path):
    """An image without /etc/hosts, /proc and the like stays one."""
    makers.archive(tmp_path / "bare.tar", [makers.write_layer(tmp_path / "l", [
        images.directory("bin"), images.directory("etc"),
        images.entry("bin/sh", images.program("/bin/busybox"), 0o755)])], tags=["bare:1"])
    sampan.ok("load", "-i", tmp_path / "bare.tar")
    sampan.ok("run", "--name", "c", "bare:1", "/bin/sh", "-c", "true")
    assert sampan.ok("diff", "c") == ""
    sampan.ok("commit", "c", "bare:2")
    records = [Store(sampan.root).record(f"docker.io/library/bare:{n}") for n in (1, 2)]
    assert records[0]["layers"] == records[1]["layers"]
    assert json.loads(sampan.ok("history", "bare:2", "--format", "json").splitlines()[0])["Size"] == "0B"


def test_settings_and_changes(sampan):
    sampan.ok("run", "--name", "c", "-e", "A=1", "--label", "l=1", "-w", "/tmp", "busybox", "touch", "/x")
    sampan.ok("commit", "-a", "Ada <ada@example.com>", "-m", "a comment", "-c", 'CMD ["sh","-c","echo $A $B"]',
              "-c", "ENV B=2", "--change", "EXPOSE 80", "c", "host:5000/x/y:z")
    image, = json.loads(sampan.ok("image", "inspect", "host:5000/x/y:z"))
    assert image["Author"] == "Ada <ada@example.com>" and image["Comment"] == "a comment"
    config = image["Config"]
    assert config["WorkingDir"] == "/tmp" and config["Labels"] == {"l": "1"} and "80/tcp" in config["ExposedPorts"]
    assert config["Hostname"] == config["Image"] == ""  # the container's are not the image's
    assert sampan.ok("run", "--rm", "host:5000/x/y:z") == "1 2"
    history = [json.loads(line) for line in sampan.ok("history", "--format", "json", "host:5000/x/y:z").splitlines()]
    assert history[0]["Comment"] == "a comment" and history[0]["CreatedBy"] == "touch /x" and len(history) == 2


def test_a_running_container_is_paused_meanwhile_and_goes_on(sampan):
    sampan.ok("run", "-d", "--name", "c", "busybox", "sh", "-c", "echo 1 >/x; exec sleep 1000")
    sampan.wait_for(lambda: "/x" in sampan.ok("diff", "c"))
    seen_paused, stop = [], threading.Event()

    def watch():
        while not stop.is_set():
            seen_paused.append(sampan.ok("inspect", "-f", "{{.State.Paused}}", "c"))
    watcher = threading.Thread(target=watch)
    subprocess.run(sampan.argv("exec", "c", "dd", "if=/dev/urandom", "of=/big", "bs=1M", "count=60"), check=True,
                   env=sampan.env(), capture_output=True)
    watcher.start()
    sampan.ok("commit", "c", "one")
    stop.set()
    watcher.join()
    assert "true" in seen_paused
    assert sampan.ok("inspect", "-f", "{{.State.Status}}", "c") == "running"
    sampan.ok("pause", "c")
    sampan.ok("commit", "--pause=false", "c", "two")
    assert sampan.ok("inspect", "-f", "{{.State.Status}}", "c") == "paused"
    sampan.ok("unpause", "c")
    assert sampan.ok("run", "--rm", "two", "cat", "/x") == "1"


def test_what_cannot_be_committed(sampan):
    sampan.ok("run", "--name", "c", "busybox", "sh", "-c", "mkdir /d; echo >/d/.wh.x")
    before = Store(sampan.root).seen()
    for words, why in ((["nosuch"], "No such container: nosuch"), (["c", "Bad:name"], "Bad:name"),
                       (["c", f"x@sha256:{'0' * 64}"], "digest"), (["-c", "RUN x", "c"], "RUN"),
                       (["c"], "d/.wh.x")):
        done = sampan.run("commit", *words)
        assert done.returncode == 1 and why in done.stderr, done.stderr
    assert Store(sampan.root).seen() == before
    sampan.ok("rmi", "-f", "busybox")
    done = sampan.run("commit", "c")
    assert done.returncode == 1 and "was removed" in done.stderr


@pytest.mark.parametrize("mark, option", [("trusted.overlay.redirect", "redirect_dir"),
                                          ("trusted.overlay.metacopy", "metacopy")])
def test_what_no_layer_can_say_is_refused_by_name(sampan, mark, option):
    """The kernel makes these marks only where its defaults were changed."""
    sampan.ok("run", "--name", "c", "busybox", "sh", "-c", "mkdir /d; echo >/d/f")
    upper = next((sampan.root / "containers").glob("*/upper"))
    os.setxattr(upper / ("d" if option == "redirect_dir" else "d/f"), mark, b"/x")
    done = sampan.run("commit", "c", "new")
    assert done.returncode == 1 and option in done.stderr and '"d' in done.stderr
    assert "new" not in sampan.ok("images")


# ---- export ----


def test_export_is_what_the_container_sees(sampan, tmp_path):
    """Of a running container, without its volumes; and import makes the same of it."""
    (tmp_path / "volume").mkdir()
    (tmp_path / "volume/secret").write_text("not exported")
    sampan.ok("run", "-d", "--name", "c", "-v", f"{tmp_path}/volume:/data", "--tmpfs", "/run", "busybox", "sh", "-c",
              CHANGES + "echo >/run/x; touch /done; exec sleep 1000")
    sampan.wait_for(lambda: "/done" in sampan.ok("diff", "c"))
    data = export(sampan, "c")
    found = entries(data)
    assert "data" in found and "data/secret" not in found and "run/x" not in found and "proc/self" not in found
    assert "bin/vi" not in found and "home" not in found and found["linked"].islnk() != found["new"].islnk()
    assert found["hole"].size == 40 << 20 and not any(".wh." in name for name in found)
    (tmp_path / "c.tar").write_bytes(data)
    sampan.ok("import", tmp_path / "c.tar", "flat")
    sampan.ok("create", "--name", "f", "flat", "true")
    assert seen(export(sampan, "f")) == seen(data)
    sampan.ok("rm", "-f", "c")


def test_a_container_cannot_lead_export_out_of_itself(sampan, tmp_path):
    """Links swapped for directories while we read: what is written is the container's own."""
    (tmp_path / "outside").write_text("the host's")
    swap = f"""
        mkdir /d /e; echo inside >/d/outside; ln -s {tmp_path} /e/link; ln -s / /root-link
        while :; do mv /d /d2 && ln -s {tmp_path} /d; rm /d; mv /d2 /d; done"""
    sampan.ok("run", "-d", "--name", "c", "busybox", "sh", "-c", swap)
    sampan.wait_for(lambda: "/root-link" in sampan.ok("diff", "c"))
    for _ in range(10):
        data = export(sampan, "c")
        assert b"the host's" not in data
        for name, member in entries(data).items():
            assert not name.startswith("/") and ".." not in name.split("/")
    sampan.ok("rm", "-f", "c")


def test_export_writes_files_and_says_what_is_wrong(sampan, tmp_path):
    sampan.ok("create", "--name", "c", "busybox", "true")
    sampan.ok("export", "-o", tmp_path / "c.tar", "c")
    assert hashlib.sha256((tmp_path / "c.tar").read_bytes()).digest() == hashlib.sha256(export(sampan, "c")).digest()
    done = sampan.run("export", "-o", "/dev/full", "c")
    assert done.returncode == 1 and "No space left" in done.stderr
    done = sampan.run("export", "nosuch")
    assert done.returncode == 1 and "No such container: nosuch" in done.stderr


@pytest.mark.skipif(not shutil.which("umoci") or not shutil.which("skopeo"), reason="needs skopeo and umoci")
def test_twenty_layers_are_the_tree_that_umoci_unpacks(sampan, tmp_path):
    """File by file: export of ours against umoci, for an image with all that layers can hold."""
    layers = makers.rich(tmp_path, 20)
    makers.layout(tmp_path / "oci", layers, "gzip", tag="t")
    sampan.ok("load", "-i", makers.pack(tmp_path / "oci", tmp_path / "oci.tar"))
    image = sampan.ok("images", "-q", "-f", "dangling=true")
    sampan.ok("create", "--name", "c", image, "x")
    (tmp_path / "ours").mkdir()
    subprocess.run(["tar", "--xattrs", "--xattrs-include=*", "--same-owner", "-xpf", "-", "-C", tmp_path / "ours"],
                   input=export(sampan, "c"), check=True)
    subprocess.run(["umoci", "unpack", "--image", f"{tmp_path}/oci:t", tmp_path / "bundle"], check=True,
                   capture_output=True)
    ours, theirs = tree(tmp_path / "ours"), tree(tmp_path / "bundle/rootfs")
    ours.pop("."), theirs.pop(".")  # a container's own root directory is its engine's
    assert sorted(ours) == sorted(theirs)
    for name in ours:
        assert ours[name] == theirs[name], name


@pytest.fixture
def deep(sampan):
    """A container with a directory 1200 levels down."""
    sampan.ok("create", "--name", "c", "busybox", "true")
    upper = pathlib.Path(sampan.root) / "containers" / sampan.ok("inspect", "-f", "{{.Id}}", "c") / "upper"
    fd = os.open(upper, os.O_RDONLY)
    for _ in range(1200):
        os.mkdir("d", dir_fd=fd)
        below = os.open("d", os.O_RDONLY, dir_fd=fd)
        os.close(fd)
        fd = below
    os.close(fd)
    yield sampan
    sampan.clean()
    subprocess.run(["rm", "-rf", sampan.root], check=True)  # pytest's own removal goes not so deep


@pytest.mark.slow
def test_a_deep_tree_is_read_with_few_descriptors(deep):
    done = subprocess.run(["sh", "-c", 'ulimit -n 100; exec "$@"', "sh", *deep.argv("export", "c")],
                          env=deep.env(), capture_output=True)
    assert done.returncode == 0, done.stderr
    deep.ok("commit", "c", "deep")
    deep.ok("create", "--name", "d", "deep", "true")
    assert sum(name.startswith("d/") or name == "d" for name in entries(export(deep, "d"))) == 1200
