"""Pull from registries that lie, break off, stall, send elsewhere or never end: a clear error
or a pull that succeeds in the end, and nothing half-made to be seen (rules R4, R5).

SPDX-License-Identifier: MIT
"""
import json
import os
import re
import subprocess
import threading
import time

import pytest

import images
from registries import (  # noqa: F401 (fixtures)
    DOCKER, OCI, Image, client, digest, fake, fakes, hang_up, index, large, small)

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="unpacking needs root")

BLOB = "GET .*/blobs/sha256:"


def layer_pattern(image, i=0):
    return f"GET .*/blobs/{digest(image.layers[i])}"


# ---- what is good ----


def test_a_pull_by_tag_prints_what_docker_prints(client, fake):
    image = small(n=2)
    name = fake.put(image)
    lines = client.ok("pull", name).splitlines()
    assert lines[0] == "latest: Pulling from test"
    for layer in image.layers:
        states = [x.split(": ")[1] for x in lines if x.startswith(digest(layer)[7:19])]
        assert states[0] == "Pulling fs layer" and states[-1] == "Pull complete"
    assert lines[-3:] == [f"Digest: {digest(image.manifest)}",
                          f"Status: Downloaded newer image for {name}", name]
    assert client.names() == {name: digest(image.config)}
    assert client.partial() == []
    client.check()


def test_a_second_pull_asks_for_the_manifest_alone(client, fake):
    name = fake.put(small())
    client.ok("pull", name)
    fake.log.clear()
    assert f"Status: Image is up to date for {name}" in client.ok("pull", name)
    assert len(fake.log) == 1


def test_layers_that_exist_are_not_fetched_again(client, fake):
    base, more = images.layer(images.entry("a", b"1")), images.layer(images.entry("b", b"2"))
    client.ok("pull", fake.put(Image([base]), tag="1"))
    fake.log.clear()
    image = Image([base, more])
    assert "Already exists" in client.ok("pull", fake.put(image, tag="2"))
    assert fake.asked(layer_pattern(image, 0)) == [] and len(fake.asked(layer_pattern(image, 1))) == 1


def test_a_name_without_a_tag_says_which_one_is_taken(client, fake):
    name = fake.put(small())
    lines = client.ok("pull", name.removesuffix(":latest")).splitlines()
    assert lines[0] == "Using default tag: latest" and lines[-1] == name


def test_quiet_prints_the_full_name_alone(client, fake):
    name = fake.put(small())
    assert client.ok("pull", "-q", name) == name


@pytest.mark.parametrize("types", ["oci", "docker"])
@pytest.mark.parametrize("kind", [OCI + "index.v1+json", DOCKER + "list.v2+json"])
def test_an_index_leads_to_the_platform(client, fake, types, kind):
    ours, theirs = small("amd", types=types), small("arm", types=types, platform="arm64")
    for image in (ours, theirs):
        fake.put(image, tag="x")
    text = index(("linux/amd64", ours), ("linux/arm64/v8", theirs), kind=kind)
    fake.put_manifest(text, kind)
    name = f"{fake.host}/test:latest"
    assert f"Digest: {digest(text)}" in client.ok("pull", "--platform", "linux/amd64", name)
    assert client.names()[name] == digest(ours.config)
    client.ok("pull", "--platform", "linux/arm64", name)
    assert client.names()[name] == digest(theirs.config)
    line = client.refused("pull", "--platform", "linux/s390x", name)
    assert "no image for linux/s390x" in line and "linux/amd64, linux/arm64" in line


def test_a_platform_that_the_only_image_is_not_for(client, fake):
    line = client.refused("pull", "-q", "--platform", "linux/arm64", fake.put(small()))
    assert "for linux/amd64 only" in line


def test_a_pull_by_digest_of_a_manifest_and_of_an_index(client, fake):
    image = small()
    fake.put(image, tag="x")
    text = index(("linux/amd64", image))
    fake.put_manifest(text, OCI + "index.v1+json")
    for wanted in (digest(image.manifest), digest(text)):
        name = f"{fake.host}/test@{wanted}"
        assert client.ok("pull", "-q", "--platform", "linux/amd64", name) == name
        assert client.names()[name] == digest(image.config)


def test_plain_layers(client, fake):
    client.ok("pull", fake.put(Image([images.layer(images.entry("a", b"1"))], compress=bytes)))
    client.check()


def test_a_server_without_ranges_is_read_from_the_start(client, fake):
    image = large(2)
    name = fake.put(image)
    data = image.layers[0]
    fake.when(layer_pattern(image), lambda h: fake.send(h, 200, data, stop=len(data) // 2), times=1)
    fake.when(layer_pattern(image), lambda h: fake.send(h, 200, data))
    client.ok("pull", name)
    client.check()


# ---- what breaks ----


def test_a_blob_that_breaks_off_is_continued_where_it_stopped(client, fake):
    image = large(4)
    name = fake.put(image)
    data = image.layers[0]
    fake.when(layer_pattern(image), lambda h: fake.send(h, 200, data, stop=1 << 20), times=1)
    client.ok("pull", name)
    ranges = [r[2].get("Range") for r in fake.asked(layer_pattern(image))]
    assert ranges[0] is None and len(ranges) == 2
    assert 0 < int(re.fullmatch(r"bytes=(\d+)-", ranges[1]).group(1)) <= 1 << 20
    assert fake.sent < len(data) + (1 << 20)
    client.check()


def test_a_blob_that_always_breaks_off_is_given_up_and_kept(client, fake):
    image = large(2)
    name = fake.put(image)
    fake.when(layer_pattern(image), lambda h: fake.send(h, 200, image.layers[0], stop=70000), times=1)
    fake.when(layer_pattern(image), hang_up)
    line = client.refused("pull", "-q", name)
    assert "broke" in line and fake.host in line
    assert len(fake.asked(layer_pattern(image))) == 5
    assert client.partial() == [digest(image.layers[0])[7:]]
    fake.rules.clear()
    fake.log.clear()
    client.ok("pull", "-q", name)
    assert fake.asked(layer_pattern(image))[0][2]["Range"].startswith("bytes=")
    client.check()


def test_a_stalled_blob_is_asked_for_again(client, fake):
    image = large(2)
    name = fake.put(image)

    def stall(h):
        h.send_response(200)
        h.send_header("Content-Length", str(len(image.layers[0])))
        h.end_headers()
        h.wfile.write(image.layers[0][:100000])
        h.wfile.flush()
        time.sleep(30)
        hang_up(h)
    fake.when(layer_pattern(image), stall, times=1)
    client.more["SAMPAN_IDLE_TIMEOUT"] = "1500"
    began = time.monotonic()
    client.ok("pull", "-q", name)
    assert time.monotonic() - began < 25
    assert fake.asked(layer_pattern(image))[1][2]["Range"] == "bytes=100000-"


@pytest.mark.slow
def test_a_registry_that_never_answers(client, fake):
    fake.when("GET", lambda h: time.sleep(4))
    client.more["SAMPAN_IDLE_TIMEOUT"] = "300"
    line = client.refused("pull", "-q", fake.put(small()))
    assert "no answer" in line


def corrupt(data):
    return data[:500] + bytes([data[500] ^ 1]) + data[501:]


def test_a_blob_that_came_wrong_once_is_fetched_anew(client, fake):
    image = large(1)
    name = fake.put(image)
    fake.when(layer_pattern(image), lambda h: fake.send(h, 200, corrupt(image.layers[0])), times=1)
    client.ok("pull", "-q", name)
    client.check()


def test_a_blob_that_is_always_wrong(client, fake):
    image = large(1)
    name = fake.put(image)
    fake.when(layer_pattern(image), lambda h: fake.send(h, 200, corrupt(image.layers[0])))
    line = client.refused("pull", "-q", name)
    assert "digest" in line
    assert len(fake.asked(layer_pattern(image))) == 2
    assert client.partial() == []


def test_a_damaged_beginning_on_disk_is_thrown_away(client, fake):
    image = large(1)
    name = fake.put(image)
    client.ok("pull", "-q", fake.put(small("other"), name="other"))
    partial = client.root / "images/partial" / digest(image.layers[0])[7:]
    partial.write_bytes(b"x" * 1000)
    client.ok("pull", "-q", name)
    client.check()


@pytest.mark.parametrize("status,times", [(500, 2), (502, 1), (503, 4), (429, 1), (408, 1)])
def test_a_busy_registry_is_asked_again(client, fake, status, times):
    name = fake.put(small())
    fake.when(BLOB, lambda h: h.error(status), times=times)
    fake.when("GET .*/manifests/", lambda h: h.error(status), times=times)
    client.ok("pull", "-q", name)


def test_retry_after_is_obeyed(client, fake):
    name = fake.put(small())
    fake.when("GET .*/manifests/", lambda h: h.error(429, Retry_After="1"), times=1)
    began = time.monotonic()
    client.ok("pull", "-q", name)
    assert time.monotonic() - began >= 1


@pytest.mark.parametrize("status,words", [
    (401, "denied"), (403, "sampan login"), (404, "not at"), (429, "allows no more requests"),
    (500, "500"), (418, "418")])
@pytest.mark.parametrize("what", ["manifests", "blobs"])
def test_statuses_become_clear_errors(client, fake, status, words, what):
    name = fake.put(small())
    fake.when(f"GET .*/{what}/", lambda h: h.error(status, "so it \x1b[31m is"))
    line = client.refused("pull", "-q", name)
    assert words in line and "so it" in line and "\x1b" not in line


def test_a_long_wait_is_not_waited_for(client, fake):
    fake.when("GET", lambda h: h.error(429, "toomanyrequests", Retry_After="3600"))
    line = client.refused("pull", "-q", fake.put(small()))
    assert "toomanyrequests" in line and "sampan login" in line
    assert len(fake.log) == 1


# ---- what lies ----


@pytest.mark.parametrize("claimed", [10, 1 << 40])
def test_a_wrong_content_length(client, fake, claimed):
    image = small()
    name = fake.put(image)

    def lie(h):
        h.answer(200, image.layers[0], Content_Length=str(claimed))
        hang_up(h)
    fake.when(layer_pattern(image), lie)
    assert "bytes, its manifest" in client.refused("pull", "-q", name)


def endless(h, piece=b"x" * 65536, status=200):
    h.send_response(status)
    h.send_header("Transfer-Encoding", "chunked")
    h.end_headers()
    try:
        while True:
            h.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
    except OSError:
        h.close_connection = True


@pytest.mark.parametrize("what", ["manifests", "blobs"])
def test_answers_that_never_end(client, fake, what):
    name = fake.put(small())
    fake.when(f"GET .*/{what}/", endless)
    line = client.refused("pull", "-q", name)
    assert "longer than" in line or "more bytes" in line


def test_an_endless_layer_is_stopped_at_its_size(client, fake):
    image = small()
    name = fake.put(image)
    fake.when(layer_pattern(image), endless)
    assert "more bytes come" in client.refused("pull", "-q", name)


def test_an_endless_head(client, fake):
    name = fake.put(small())

    def head(h):
        try:
            h.wfile.write(b"HTTP/1.1 200 OK\r\n")
            while True:
                h.wfile.write(b"X-Y: " + b"z" * 1000 + b"\r\n")
        except OSError:
            h.close_connection = True
    fake.when("GET .*/manifests/", head)
    line = client.refused("pull", "-q", name)
    assert "head of the answer is too long" in line


def test_a_layer_that_is_shorter_than_the_manifest_says(client, fake):
    image = small()
    image.json["layers"][0]["size"] += 1
    assert "bytes" in client.refused("pull", "-q", fake.put(image))


@pytest.mark.parametrize("change,words", [
    (lambda j: j.pop("schemaVersion"), "schemaVersion"),
    (lambda j: j.update(manifests=[]), "should be"),
    (lambda j: j.update(mediaType=OCI + "index.v1+json"), "calls itself"),
    (lambda j: j["layers"][0].update(digest="sha256:../../x"), "digest"),
    (lambda j: j["layers"][0].update(digest="sha256:" + "A" * 64), "digest"),
    (lambda j: j["layers"][0].update(size=-1), "size"),
    (lambda j: j["layers"][0].update(mediaType=OCI + "layer.nondistributable.v1.tar+gzip",
                                     urls=["http://127.0.0.1/x"]), "may not be distributed"),
    (lambda j: j["config"].update(size=1 << 40), "config"),
    (lambda j: j["layers"].append(j["layers"][0]), "layers"),
    (lambda j: j["layers"].append({**j["layers"][0], "size": 3}), "layers"),
    (lambda j: j.update(fsLayers=[]), "schema 1"),
])
def test_manifests_that_contradict_themselves(client, fake, change, words):
    image = small()
    change(image.json)
    assert words in client.refused("pull", "-q", fake.put(image))


def test_a_manifest_served_as_an_index(client, fake):
    image = small()
    fake.put(image)
    fake.put_manifest(image.manifest, OCI + "index.v1+json")
    assert "calls itself" in client.refused("pull", "-q", f"{fake.host}/test:latest")


def test_a_manifest_that_is_not_what_the_digest_says(client, fake):
    image, other = small(), small("other")
    fake.put(image)
    wanted = digest(image.manifest)
    fake.manifests["test", wanted] = (image.type, other.manifest)
    assert "is not what" in client.refused("pull", "-q", f"{fake.host}/test@{wanted}")


def test_a_header_that_names_another_digest(client, fake):
    image = small()
    name = fake.put(image)
    fake.when("GET .*/manifests/", lambda h: h.answer(
        200, image.manifest, Content_Type=image.type, Docker_Content_Digest="sha256:" + "0" * 64))
    assert "is not what" in client.refused("pull", "-q", name)


def test_an_index_whose_manifest_has_another_size(client, fake):
    image = small()
    fake.put(image, tag="x")
    text = json.loads(index(("linux/amd64", image)))
    text["manifests"][0]["size"] += 1
    fake.put_manifest(json.dumps(text).encode(), OCI + "index.v1+json")
    assert "bytes, not" in client.refused("pull", "-q", "--platform", "linux/amd64",
                                          f"{fake.host}/test:latest")


def test_another_config_than_the_manifest_names(client, fake):
    image = small()
    name = fake.put(image)
    other = image.config.replace(b'"sh"', b'"ls"')
    fake.blobs[digest(image.config)] = other
    assert "is not what" in client.refused("pull", "-q", name)


def test_a_layer_with_another_diff_id(client, fake):
    image, other = small(), small("other")
    image.config = image.config.replace(digest(images.layer(images.entry("file0", b"hello0"))).encode(),
                                        b"sha256:" + b"1" * 64)
    image.json["config"].update(digest=digest(image.config), size=len(image.config))
    line = client.refused("pull", "-q", fake.put(image))
    assert "not what the image's config says" in line


@pytest.mark.parametrize("text", [b"", b"[]", b"{", b'{"a": 1, "a": 2}', b"\xff", b"null",
                                  b"[" * 1000, b'{"schemaVersion": 2}'])
def test_manifests_that_are_none(client, fake, text):
    fake.put_manifest(text, OCI + "manifest.v1+json")
    client.refused("pull", "-q", f"{fake.host}/test:latest")


# ---- names ----


@pytest.mark.parametrize("name", ["a\r\nX: y", "a b", "127.0.0.1:1/a\n", "host:99999999/a", "-a/b",
                                  "http://127.0.0.1/x", "127.0.0.1/a?b", "user:p@127.0.0.1/x", ""])
def test_names_that_are_refused(client, name):
    assert client.run("pull", "-q", "--", name).returncode == 1


@pytest.mark.parametrize("words", [["pull", "-q"], ["login", "-u", "a", "-p", "b"]])
def test_nobody_there_is_said_at_once(client, fake, words):
    fake.close()
    client.more["SAMPAN_RETRY_DELAY"] = "30000"
    name = f"{fake.host}/test" if words[0] == "pull" else fake.host
    done = client.run(*words, name, timeout=20)
    line = done.stderr.decode().splitlines()[-1]
    assert done.returncode == 1
    assert "nobody answers there" in line and "check the name and the network" in line


def test_an_unknown_name_is_said_at_once(client):
    client.more["SAMPAN_RETRY_DELAY"] = "30000"
    argv = client.argv("pull", "-q", "no-such-host.invalid/test")
    done = subprocess.run(["unshare", "-n", *argv], env=client.env(), capture_output=True, timeout=20)
    assert done.returncode == 1 and b"there is no such host" in done.stderr, done.stderr


def test_a_registry_that_is_gone_for_a_while_during_a_download(client, fake):
    image = large(2)
    name = fake.put(image)

    def go_away(h):
        fake.send(h, 200, image.layers[0], stop=1 << 20)
        fake.close()
        threading.Timer(0.4, fake.open).start()
    fake.when(layer_pattern(image), go_away, times=1)
    client.more["SAMPAN_RETRY_DELAY"] = "100"
    client.ok("pull", "-q", name)
    assert fake.asked(layer_pattern(image))[1][2]["Range"].startswith("bytes=")
    client.check()


def test_a_disk_that_is_too_small_is_known_at_once(client, fake):
    image = small()
    image.json["layers"][0]["size"] = 1 << 55
    line = client.refused("pull", "-q", fake.put(image))
    assert "no space left" in line and "sampan rmi" in line
    assert fake.asked(layer_pattern(image)) == []
