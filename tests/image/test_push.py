"""Push: what is there is not sent, what breaks off goes on, what came plain is compressed once;
and nobody but the registry learns who we are.

SPDX-License-Identifier: MIT
"""
import base64
import gzip
import json
import os

import pytest

import images
from registries import (  # noqa: F401 (fixtures)
    Image, basic_auth, bearer_auth, client, digest, fake, fakes, hang_up, large, small)
from test_registry_auth import token_server

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="unpacking needs root")

AUTH = base64.b64encode(b"anna:s3cret").decode()


@pytest.fixture
def pulled(client, fakes):
    """pulled(image, name) brings an image into the store under a name of another registry."""
    source = fakes()

    def bring(image, *names):
        client.ok("pull", "-q", source.put(image))
        data = json.loads((client.root / "images/index.json").read_text())
        first = data["manifests"][0]
        data["manifests"] = []
        for name in names:
            entry = json.loads(json.dumps(first))
            entry["annotations"]["org.opencontainers.image.ref.name"] = name
            data["manifests"].append(entry)
        (client.root / "images/index.json").write_text(json.dumps(data))
    return bring


def test_a_push_sends_the_blobs_as_they_came(client, fake, pulled):
    image = small(n=3)
    name = f"{fake.host}/a/b:1"
    pulled(image, name)
    lines = client.ok("push", name).splitlines()
    assert lines[0] == f"The push refers to repository [{fake.host}/a/b]"
    assert [x.split(": ")[1] for x in lines[1:-1]].count("Pushed") == 3
    assert lines[-1] == f"1: digest: {digest(image.manifest)} size: {len(image.manifest)}"
    assert fake.manifests["a/b", "1"] == (image.type, image.manifest)
    assert set(fake.blobs) == {digest(x) for x in [image.config, *image.layers]}


def test_a_second_push_sends_nothing(client, fake, pulled):
    name = f"{fake.host}/a:1"
    pulled(small(), name)
    client.ok("push", name)
    fake.log.clear()
    assert "Layer already exists" in client.ok("push", name)
    assert {r[0] for r in fake.log} == {"HEAD", "PUT"} and len(fake.asked("PUT")) == 1


def test_quiet_and_all_tags(client, fake, pulled):
    names = [f"{fake.host}/a:{tag}" for tag in ("1", "2")]
    pulled(small(), *names, f"{fake.host}/b:3")
    assert client.ok("push", "-q", names[0]) == names[0]
    assert sorted(client.ok("push", "-q", "-a", f"{fake.host}/a").split()) == names
    assert "b" not in {name for name, _ in fake.manifests}
    assert "all-tags" in client.refused("push", "-q", "-a", names[0])


def test_a_layer_of_a_neighbour_is_mounted(client, fake, pulled):
    image = small()
    pulled(image, f"{fake.host}/one:1", f"{fake.host}/two:1")
    client.ok("push", f"{fake.host}/one:1")
    fake.log.clear()
    fake.when("HEAD .*/blobs/" + digest(image.layers[0]), lambda h: h.error(404))
    assert "Mounted from one" in client.ok("push", f"{fake.host}/two:1")
    assert fake.asked("POST .*mount=.*from=one") and not fake.asked("PATCH")


def test_a_mount_that_is_not_granted_becomes_an_upload(client, fake, pulled):
    pulled(small(), f"{fake.host}/one:1", f"{fake.host}/two:1")
    client.ok("push", f"{fake.host}/one:1")
    fake.blobs.clear()
    assert "Pushed" in client.ok("push", f"{fake.host}/two:1")


def test_plain_layers_are_compressed_once_and_remembered(client, fake, tmp_path):
    layers = [images.layer(images.entry("a", b"a" * 100000)), images.layer(images.entry("b", b"b"))]
    name = f"{fake.host}/plain:1"
    image_id = images.archive(tmp_path / "i.tar", layers, tags=[name])
    client.ok("load", "-i", tmp_path / "i.tar")
    assert "Compressing" in client.ok("push", name)
    text = fake.manifests["plain", "1"][1]
    blobs = [x["digest"] for x in json.loads(text)["layers"]]
    assert [gzip.decompress(fake.blobs[x]) for x in blobs] == layers
    assert all(x["mediaType"].endswith("tar+gzip") for x in json.loads(text)["layers"])
    assert client.names() == {name: image_id}
    client.check()
    assert "Compressing" not in client.ok("push", name)
    assert fake.manifests["plain", "1"][1] == text
    fresh = f"{fake.host}/plain@{digest(text)}"
    assert client.ok("pull", "-q", fresh) == fresh


def test_an_upload_that_breaks_off_goes_on_where_the_registry_is(client, fake, pulled):
    image = large(3)
    name = f"{fake.host}/a:1"
    pulled(image, name)

    def half(h):
        number = h.path.split("/")[-1]
        if len(h.body) < 100000:
            return False
        fake.uploads[number] += h.body[:len(h.body) // 2]
        return hang_up(h)
    fake.when("PATCH", half, times=1)
    client.ok("push", name)
    again = fake.asked("PATCH")[-1][2]["Content-Range"]
    assert int(again.split("-")[0]) == len(image.layers[0]) // 2
    assert digest(image.layers[0]) in fake.blobs


def test_an_upload_that_the_registry_forgets_begins_anew(client, fake, pulled):
    image = large(1)
    name = f"{fake.host}/a:1"
    pulled(image, name)

    def forget(h):
        if len(h.body) < 100000:
            return False
        fake.uploads.pop(h.path.split("/")[-1])
        return h.error(500)
    fake.when("PATCH", forget, times=1)
    client.ok("push", name)
    assert digest(image.layers[0]) in fake.blobs


@pytest.mark.parametrize("pattern", ["PATCH", "POST", "PUT .*blobs", "PUT .*manifests", "HEAD"])
@pytest.mark.parametrize("status,words", [(401, "denied"), (403, "denied"), (500, "500"), (404, "not at"),
                                          (400, "400")])
def test_refusals_are_clear(client, fake, pulled, pattern, status, words):
    name = f"{fake.host}/a:1"
    pulled(small(), name)
    fake.when(pattern, lambda h: h.error(status))
    if (pattern, status) == ("HEAD", 404):
        client.ok("push", name)  # it says that the blob is not there: so it is sent
    else:
        assert words in client.refused("push", "-q", name)
        assert not fake.manifests


def test_a_registry_that_takes_nothing_is_given_up(client, fake, pulled):
    name = f"{fake.host}/a:1"
    pulled(small(), name)
    fake.when("PATCH", lambda h: h.answer(202, Location=h.path, Range="0-0"))
    assert "takes no more than" in client.refused("push", "-q", name)


@pytest.mark.parametrize("location", ["file:///x", "http://a@127.0.0.1/", "//x/", "/ x"])
def test_places_that_are_no_url(client, fake, pulled, location):
    name = f"{fake.host}/a:1"
    pulled(small(), name)
    fake.when("POST", lambda h: h.answer(202, Location=location))
    assert "no URL" in client.refused("push", "-q", name)


def test_a_place_on_another_server_gets_no_credentials(client, fake, fakes, pulled):
    storage = fakes()
    fake.authorize = basic_auth("anna", "s3cret")
    client.login_file({"auths": {fake.host: {"auth": AUTH}, storage.host: {"auth": AUTH}}})
    image = small()
    name = f"{fake.host}/a:1"
    pulled(image, name)

    def elsewhere(h):
        if not fake.authorize(h):
            return True
        storage.uploads["7"] = b""
        return h.answer(202, Location=storage.url("/v2/a/blobs/uploads/7"))
    fake.when("POST", elsewhere)
    client.run("push", "-q", name)
    assert storage.asked("PATCH") and not [r for r in storage.log if "Authorization" in r[2]]


def test_tokens_for_pushing(client, fake, pulled):
    queries = token_server(fake, user=AUTH)
    fake.authorize = bearer_auth(fake.url("/token"), "t0ken")
    name = f"{fake.host}/a:1"
    pulled(small(), name)
    assert "log in" in client.refused("push", "-q", name)
    client.login_file({"auths": {fake.host: {"auth": AUTH}}})
    client.ok("push", name)
    assert queries[-1][1]["scope"] == "repository:a:pull,push"


def test_what_is_not_here_cannot_be_pushed(client, fake):
    line = client.refused("push", "-q", f"{fake.host}/a:1")
    assert line.endswith(f"An image does not exist locally with the tag: {fake.host}/a:1")
    assert "by digest" in client.refused("push", "-q", f"{fake.host}/a@sha256:" + "0" * 64)
    assert fake.log == []
