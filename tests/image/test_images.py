"""images, history, image inspect, tag, rmi, image prune, system df: what they print.

SPDX-License-Identifier: MIT
"""
import fcntl
import json
import os
import re
import subprocess

import pytest

import images
import makers
from stores import Store

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="needs root")


def refused(sampan, *words):
    done = sampan.run(*words)
    assert done.returncode == 1, (done.returncode, done.stderr)
    return done.stderr.removeprefix("sampan: ").rstrip("\n")


@pytest.fixture
def several(empty_sampan, tmp_path):
    """old:1 and mid:1 share a layer, new:1 is young and labelled, one image has no name."""
    base = makers.write_layer(tmp_path / "base", [images.directory("bin"), images.entry("big", b"x" * 3_000_000)])
    top = makers.write_layer(tmp_path / "top", [images.entry("small", b"y" * 1000)])
    for name, layers, year, labels in (("old:1", [base], 2020, {}), ("mid:1", [base, top], 2022, {"a": "b"}),
                                       ("docker.io/library/new:1", [top], 2024, {"a": "c", "k": ""}),
                                       ("", [top, base], 2023, {})):
        config = makers.config_of(layers, {"Labels": labels}, created=f"{year}-05-06T07:08:09Z")
        path = tmp_path / "image.tar"
        real, makers.config_of = makers.config_of, lambda *a, c=config, **k: c
        makers.archive(path, layers, tags=[name] if name else [])
        makers.config_of = real
        empty_sampan.ok("load", "-i", path)
    return empty_sampan


def listed(sampan, *words):
    return sampan.ok("images", "--format", "{{.Repository}}:{{.Tag}}", *words).splitlines()


NAMELESS = "<none>:<none>"
ALL = ["new:1", NAMELESS, "mid:1", "old:1"]


@pytest.mark.parametrize("words, expected", [
    ([], ALL), (["-a"], ALL), (["mid"], ["mid:1"]), (["mid:1"], ["mid:1"]), (["mid:2"], []), (["?i*"], ["mid:1"]),
    (["-f", "dangling=true"], [NAMELESS]), (["-f", "dangling=false"], ["new:1", "mid:1", "old:1"]),
    (["-f", "label=a"], ["new:1", "mid:1"]), (["-f", "label=a=b"], ["mid:1"]),
    (["-f", "label=a", "-f", "label=k"], ["new:1"]), (["-f", "label=k="], ["new:1"]), (["-f", "label=none"], []),
    (["-f", "before=mid:1"], ["old:1"]), (["-f", "since=mid:1"], ["new:1", NAMELESS]),
    (["-f", "since=old:1", "-f", "before=new:1"], [NAMELESS, "mid:1"]),
    (["-f", "until=2023-01-01"], ["mid:1", "old:1"]), (["-f", "until=1700000000"], [NAMELESS, "mid:1", "old:1"]),
    (["-f", "until=1h"], ALL), (["-f", "reference=*:1"], ["new:1", "mid:1", "old:1"]),
    (["-f", "reference=old", "-f", "reference=new:*"], ["new:1", "old:1"]),
    (["-f", "reference=docker.io/library/o*"], ["old:1"]),
])
def test_filters(several, words, expected):
    assert listed(several, *words) == expected


@pytest.mark.parametrize("words, why", [
    (["-f", "colour=red"], "invalid filter 'colour'"),
    (["-f", "dangling=maybe"], "dangling=maybe"), (["-f", "until=later"], "until=later"),
    (["-f", "before=nosuch"], "No such image: nosuch"), (["--tree", "-q"], "--tree"),
    (["--format", "{{.Nope"], "template"), (["a", "b"], "at most 1"),
])
def test_wrong_words(sampan, words, why):
    assert why in refused(sampan, "images", *words)


def test_columns(several):
    lines = several.ok("images").splitlines()
    assert re.split(r"\s{2,}", lines[0]) == ["REPOSITORY", "TAG", "IMAGE ID", "CREATED", "SIZE"]
    assert re.split(r"\s{2,}", lines[1])[:2] == ["new", "1"] and lines[1].endswith("1kB")
    row = json.loads(several.ok("images", "--format", "json", "old"))
    assert set(row) == {"Containers", "CreatedAt", "CreatedSince", "Digest", "ID", "Repository", "SharedSize", "Size",
                        "Tag", "UniqueSize", "VirtualSize"}
    assert row["CreatedAt"] == "2020-05-06 07:08:09 +0000 UTC" and row["Size"] == "3MB"
    assert re.fullmatch("[0-9a-f]{12}", row["ID"])
    assert "sha256:" + row["ID"] in several.ok("images", "-q", "--no-trunc", "old")
    assert re.search(r"sha256:[0-9a-f]{64} ", several.ok("images", "--digests", "old"))


def test_tree(several):
    several.ok("tag", "old:1", "older:2")
    several.ok("create", "old:1", "x")
    lines = several.ok("images", "--tree", "old*").splitlines()
    assert re.split(r"\s{2,}", lines[0]) == ["IMAGE", "ID", "DISK USAGE", "CONTENT SIZE", "EXTRA"]
    assert lines[1].startswith("old:1") and lines[1].rstrip().endswith("U")
    assert lines[2].strip() == "older:2" and lines[3].startswith("└─ linux/amd64")


def test_history(several):
    lines = several.ok("history", "mid:1").splitlines()
    assert re.split(r"\s{2,}", lines[0].strip()) == ["IMAGE", "CREATED", "CREATED BY", "SIZE", "COMMENT"]
    assert re.search(r"^[0-9a-f]{12} +\w.* ago +layer 1 +1kB", lines[1])
    assert re.search(r"^<missing> .*layer 0 +3MB", lines[2])
    assert several.ok("history", "-q", "mid:1").splitlines()[1] == "<missing>"
    assert several.ok("history", "-q", "--no-trunc", "mid:1").startswith("sha256:")
    exact = several.ok("history", "--human=false", "mid:1").splitlines()
    assert "CREATED AT" in exact[0] and makers.CREATED in exact[1] and " 1000 " in exact[1] + " "
    assert several.ok("history", "--format", "{{.CreatedBy}}/{{.Size}}", "mid:1") == "layer 1/1kB\nlayer 0/3MB"
    assert refused(several, "history", "nosuch") == "No such image: nosuch"


def test_inspect(several):
    several.ok("tag", "mid:1", "host:5000/x:y")
    image, other = json.loads(several.ok("image", "inspect", "mid:1", "old:1"))
    manifest = several.ok("images", "--digests", "--format", "{{.Digest}}", "mid")
    assert image["RepoTags"] == ["mid:1", "host:5000/x:y"]
    assert image["RepoDigests"] == [f"mid@{manifest}", f"host:5000/x@{manifest}"]
    assert image["RootFS"]["Layers"][0] == other["RootFS"]["Layers"][0] and image["RootFS"]["Type"] == "layers"
    assert image["Config"]["Labels"] == {"a": "b"} and image["Size"] == 3_001_000
    assert image["Created"] == "2022-05-06T07:08:09Z" and image["Os"] == "linux"
    assert image["GraphDriver"]["Data"]["UpperDir"].startswith(str(several.root))
    assert several.ok("image", "inspect", "-f", "{{.Id}} {{len .RootFS.Layers}}", "mid:1", image["Id"][7:20]) == \
        f"{image['Id']} 2\n{image['Id']} 2"
    done = several.run("image", "inspect", "-f", "{{.Os}}", "mid:1", "nosuch")
    assert (done.returncode, done.stdout) == (1, "linux\n") and "No such image: nosuch" in done.stderr


@pytest.mark.parametrize("field,expected", [
    ("User", ""), ("WorkingDir", ""), ("StopSignal", ""), ("Labels", "map[]"), ("ExposedPorts", "map[]"),
    ("Entrypoint", "<no value>"), ("Volumes", "<no value>"), ("Healthcheck", "<no value>"), ("Cmd", "[sh]")])
def test_a_config_has_every_field_that_docker_s_has(sampan, field, expected):
    """Templates of scripts name them whether the image says something of them or not."""
    sampan.ok("create", "--name", "c", "busybox", "sh")
    assert sampan.ok("image", "inspect", "-f", "{{.Config.%s}}" % field, "busybox") == expected
    if field not in ("StopSignal",):
        assert sampan.ok("inspect", "-f", "{{.Config.%s}}" % field, "c") == expected
    assert sampan.ok("image", "inspect", "-f", '{{index .Config.Labels "x"}}{{.DockerVersion}}', "busybox") == ""


def test_inspect_as_json_is_one_line_and_a_list(sampan):
    out = sampan.ok("inspect", "-f", "json", "busybox")
    assert "\n" not in out and [x["RepoTags"] for x in json.loads(out)] == [["busybox:latest"]]
    assert refused(sampan, "inspect", "--type", "bad", "busybox").startswith('"bad" is not a valid value')


def test_what_is_found_comes_before_what_is_not(sampan):
    done = subprocess.run(sampan.argv("inspect", "-f", "{{.Os}}", "nosuch", "busybox"), env=sampan.env(None),
                          text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    assert done.stdout == "linux\nsampan: No such object: nosuch\n"


def test_tag(sampan):
    assert refused(sampan, "tag", "nosuch", "x") == "No such image: nosuch"
    for bad in ("UPPER", "a b", "x:", ":x", "x/", "x:" + "t" * 129):
        assert bad in refused(sampan, "tag", "busybox", bad)
    assert "digest" in refused(sampan, "tag", "busybox", "x@sha256:" + "0" * 64)
    assert "image id" in refused(sampan, "tag", "busybox", "sha256:abc")
    sampan.ok("tag", "busybox", "x")
    sampan.ok("tag", sampan.ok("images", "-q", "busybox"), "localhost:5000/a/b_c.d:e")
    assert set(listed(sampan)) == {"busybox:latest", "x:latest", "localhost:5000/a/b_c.d:e"}


# ---- rmi ----


def test_names_go_one_by_one_and_the_image_with_the_last(sampan):
    image = sampan.ok("images", "-q", "--no-trunc")
    sampan.ok("tag", "busybox", "x")
    assert sampan.ok("rmi", "busybox") == "Untagged: busybox:latest"
    assert sampan.ok("rmi", "x").splitlines()[:2] == ["Untagged: x:latest", f"Deleted: {image}"]
    assert Store(sampan.root).seen() == ({}, [], [], [])


def test_shared_layers_stay(several):
    layers = Store(several.root).record("docker.io/library/mid:1")["layers"]
    out = several.ok("rmi", "mid:1")
    assert layers[0]["chain"] not in out and layers[1]["chain"] in out
    assert (several.root / "layers" / layers[0]["chain"]).is_dir()
    assert several.ok("system", "check").endswith("no problems found")
    several.ok("rmi", *several.ok("images", "-q").splitlines())
    assert Store(several.root).seen() == ({}, [], [], [])


def test_by_id_digest_and_several_at_once(several):
    digest = several.ok("images", "--digests", "--format", "{{.Digest}}", "old")
    ids = several.ok("images", "-q", "--no-trunc", "-f", "dangling=true")
    done = several.run("rmi", ids[7:], "nosuch", f"old@{digest}", "new:1")
    assert done.returncode == 1 and done.stderr == "sampan: No such image: nosuch\n"
    assert listed(several) == ["mid:1"]
    several.ok("tag", "mid:1", "mid:2")
    image = several.ok("images", "-q", "mid:1")
    assert "must be forced" in refused(several, "rmi", image)
    assert several.ok("rmi", "-f", image).splitlines()[:2] == ["Untagged: mid:1", "Untagged: mid:2"]
    done = several.run("rmi", "-f", "mid:1")
    assert done.returncode == 0 and "No such image" in done.stderr


def test_an_ambiguous_id_is_refused(sampan, tmp_path):
    for n in range(40):  # two of forty begin with the same digit
        makers.archive(tmp_path / "i.tar", [], tags=[f"t:{n}"], config={"Labels": {"n": str(n)}})
        sampan.ok("load", "-i", tmp_path / "i.tar")
    ids = sampan.ok("images", "-q").splitlines()
    digit = next(d for d in "0123456789abcdef" if sum(i.startswith(d) for i in ids) > 1)
    assert "type more of it" in refused(sampan, "rmi", digit) and len(sampan.ok("images", "-q").splitlines()) == 41


def test_containers_keep_their_image(sampan):
    image = sampan.ok("images", "-q")
    sampan.ok("create", "--name", "c", "busybox", "echo", "hi")
    assert "must force" in refused(sampan, "rmi", "busybox") and "(c)" in refused(sampan, "rmi", "busybox")
    assert "must be forced" in refused(sampan, "rmi", image) and "stopped container" in refused(sampan, "rmi", image)
    sampan.ok("run", "-d", "--name", "r", "busybox", "sleep", "1000")
    assert "cannot be forced" in refused(sampan, "rmi", "-f", image)
    assert sampan.ok("rmi", "-f", "busybox") == "Untagged: busybox:latest"
    sampan.ok("rm", "-f", "r")
    assert f"Deleted: sha256:{image}" in sampan.ok("rmi", "-f", image)
    assert sampan.ok("start", "-a", "c") == "hi" and sampan.ok("system", "check").endswith("no problems found")
    assert sampan.ok("image", "prune", "-f") == "Total reclaimed space: 0B"
    sampan.ok("rm", "c")
    assert "deleted: sha256:" in sampan.ok("image", "prune", "-f")
    assert Store(sampan.root).seen() == ({}, [], [], [])


# ---- prune and df ----


def test_prune_asks_and_takes_what_has_no_name(several):
    done = several.run("image", "prune", input="n\n")
    assert (done.returncode, done.stderr) == (0, "") and "all dangling images" in done.stdout
    assert listed(several) == ALL
    out = several.ok("image", "prune", input="y\n")
    assert "Deleted Images:\ndeleted: sha256:" in out and re.search(r"Total reclaimed space: \d", out)
    assert listed(several) == ["new:1", "mid:1", "old:1"]


def test_prune_all_leaves_what_containers_have(several):
    several.ok("create", "old:1", "x")
    assert "untagged: mid:1" in several.ok("image", "prune", "-af", "--filter", "until=2023-01-01")
    assert listed(several) == ["new:1", NAMELESS, "old:1"]
    several.ok("image", "prune", "-af", "--filter", "label!=k")
    assert listed(several) == ["new:1", "old:1"]
    several.ok("image", "prune", "-a", "-f", "--filter", "label=k")
    assert listed(several) == ["old:1"]
    assert "invalid filter" in refused(several, "image", "prune", "-f", "--filter", "x=y")


def sizes(sampan):
    return {row["Type"]: row for row in map(json.loads, sampan.ok("system", "df", "--format", "json").splitlines())}


def test_df_counts_each_layer_and_blob_once(several):
    rows = sizes(several)
    on_disk = sum(p.stat().st_size for p in (several.root / "images/blobs/sha256").iterdir())
    unpacked = sum(json.loads(p.read_text())["size"] for p in (several.root / "layers").glob("*.json"))
    assert rows["Images"]["TotalCount"] == "4" and rows["Images"]["Active"] == "0"
    assert rows["Images"]["Size"] == f"{(on_disk + unpacked) / 1e6:.3g}MB" \
        or rows["Images"]["Size"] == f"{(on_disk + unpacked) / 1e6:.4g}MB"
    assert rows["Images"]["Reclaimable"].endswith("(100%)")
    several.ok("create", "--name", "c", "old:1", "x")
    upper = next((several.root / "containers").glob("*/upper"))
    (upper / "written").write_bytes(b"z" * 5000)
    rows = sizes(several)
    assert rows["Images"]["Active"] == "1" and not rows["Images"]["Reclaimable"].endswith("(100%)")
    assert rows["Containers"]["Size"] == "5kB" and rows["Containers"]["Reclaimable"] == "5kB (100%)"
    out = several.ok("system", "df", "-v")
    row = next(line for line in out.splitlines() if line.startswith("mid "))
    assert re.search(r"3MB +3MB +1kB +3.0.MB +0$", row), row
    assert "Containers space usage" in out and re.search(r"5kB .* created +c$", out, re.M)
    assert list(sizes(several)) == ["Images", "Containers", "Local Volumes", "Build Cache"]


def test_downloads_that_were_broken_off_count_and_can_be_had_back(sampan):
    partial = sampan.root / "images/partial"
    partial.mkdir()
    (partial / ("0" * 64)).write_bytes(bytes(7_000_000))
    (partial / ("1" * 64)).write_bytes(bytes(1000))
    with open(partial / ("1" * 64)) as busy:
        fcntl.flock(busy, fcntl.LOCK_EX)
        assert sizes(sampan)["Images"]["Size"].startswith("11")
        assert sampan.ok("system", "check").endswith("no problems found")
        assert "Total reclaimed space: 7MB" in sampan.ok("image", "prune", "-f")
    assert [p.name for p in partial.iterdir()] == ["1" * 64]
