"""`pull --all-tags`: what Docker prints, lists in pages, and lists that lie.

SPDX-License-Identifier: MIT
"""
import json
import os
import subprocess

import pytest

from machine import BIN
from registries import (  # noqa: F401 (fixtures)
    RealRegistry, basic_auth, client, digest, fake, fakes, hang_up, needs, small)

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="unpacking needs root")


def put_some(fake, tags=("1", "2", "latest")):
    """One image for each tag; gives the repository's name and what the store will hold."""
    made = {tag: small(f"of {tag}") for tag in tags}
    names = {fake.put(image, tag=tag): digest(image.config) for tag, image in made.items()}
    return f"{fake.host}/test", names, made


def test_every_tag_comes_one_after_the_other_as_docker_says_it(client, fake):
    repository, names, made = put_some(fake)
    lines = client.ok("pull", "-a", repository).splitlines()
    heads = [line for line in lines if "Pulling from" in line or line.startswith("Digest: ")]
    assert heads == [line for tag, image in made.items() for line in (
        f"{tag}: Pulling from test", f"Digest: {digest(image.manifest)}")]
    assert lines[-2:] == [f"Status: Downloaded newer image for {repository}", repository]
    assert client.names() == names
    client.check()
    assert f"Status: Image is up to date for {repository}" in client.ok("pull", "--all-tags", repository)


def test_one_new_tag_is_something_newer(client, fake):
    repository, _, _ = put_some(fake)
    client.ok("pull", "-a", repository)
    put_some(fake, ["3"])
    assert "Status: Downloaded newer image" in client.ok("pull", "-a", repository)


def test_quiet_prints_the_repository_alone(client, fake):
    repository, names, _ = put_some(fake)
    assert client.ok("pull", "-aq", repository) == repository
    assert client.names() == names


@pytest.mark.parametrize("page", [1, 2, 3, 7])
def test_a_list_in_pages(client, fake, page):
    repository, names, _ = put_some(fake, [f"v{i}" for i in range(7)])
    fake.page = page
    client.ok("pull", "-a", repository)
    assert client.names() == names
    assert len(fake.asked("GET .*/tags/list")) == -(-7 // page)


def test_pages_are_asked_for_with_the_login(client, fake):
    repository, names, _ = put_some(fake)
    fake.page = 1
    fake.authorize = basic_auth("me", "secret")
    client.run("login", "-u", "me", "--password-stdin", fake.host, input=b"secret")
    client.ok("pull", "-a", repository)
    assert client.names() == names


@pytest.mark.parametrize("end", [":1", ":latest", "@sha256:" + "0" * 64])
def test_a_tag_or_digest_cannot_be_used_with_it(client, fake, end):
    repository, _, _ = put_some(fake)
    assert "tag can't be used with --all-tags/-a" in client.refused("pull", "-a", repository + end)
    assert fake.log == []


def test_a_repository_that_is_not_there(client, fake):
    line = client.refused("pull", "-a", f"{fake.host}/none")
    assert "not at" in line and "repository name not known" in line


def test_a_repository_without_tags(client, fake):
    fake.when("GET .*/tags/list", lambda h: h.answer(200, b'{"name": "test", "tags": null}'))
    assert "has no tags" in client.refused("pull", "-a", f"{fake.host}/test")


def test_the_first_failure_ends_it_and_what_came_stays(client, fake):
    repository, names, _ = put_some(fake)
    fake.when("GET .*/manifests/2$", lambda h: h.error(404, "manifest unknown"))
    done = client.run("pull", "-a", repository)
    assert done.returncode == 1 and f"{repository}:2" in done.stderr.decode()
    assert list(client.names()) == [f"{repository}:1"]


def test_a_mirror_that_lacks_one_tag_is_helped_out_by_the_registry(client, fakes):
    mirror, upstream = fakes(), fakes()
    put_some(mirror, ["1", "2"])
    mirror.when("GET .*/manifests/2$", lambda h: h.error(404))
    repository, names, _ = put_some(upstream, ["1", "2"])
    client.conf.write_text(f'[[registry]]\nprefix = "{upstream.host}"\nlocation = "{upstream.host}"\n'
                           f'[[registry.mirror]]\nlocation = "{mirror.host}"\n')
    assert f"The mirror {mirror.host} cannot help" in client.ok("pull", "-a", repository)
    assert client.names() == names


# ---- what lies ----


def tags_answer(tags, **headers):
    text = tags if isinstance(tags, bytes) else json.dumps({"name": "test", "tags": tags}).encode()
    return lambda h: h.answer(200, text, **headers)


@pytest.mark.parametrize("tags,words", [
    (["../../x"], "a tag that is none"), (["a b"], "a tag that is none"), ([""], "a tag that is none"),
    (["1@sha256:" + "0" * 64], "a tag that is none"), (["x" * 129], "a tag that is none"),
    ([7], "a tag that is none"), ([f"t{i}" for i in range(10001)], "more than 10000 tags"),
    (b"", "the list of tags"), (b"{", "the list of tags"), (b"[" * 1000, "the list of tags"),
    (b"[]", "has no tags"), (b'{"tags": "1"}', "has no tags"),
    (b" " * (5 << 20), "longer than such an answer may be"),
], ids=["path", "blank", "empty", "digest", "long", "number", "many", "nothing", "half", "deep",
        "array", "text", "huge"])
def test_lists_that_are_none(client, fake, tags, words):
    fake.when("GET .*/tags/list", tags_answer(tags))
    assert words in client.refused("pull", "-a", f"{fake.host}/test")
    assert fake.asked("manifests") == []


def test_a_list_that_goes_in_a_circle(client, fake):
    repository, _, _ = put_some(fake)
    fake.when("GET .*/tags/list", tags_answer(["1"], Link='</v2/test/tags/list?last=1>; rel="next"'))
    assert "does not end" in client.refused("pull", "-a", repository)
    assert len(fake.asked("tags/list")) == 1000


@pytest.mark.parametrize("link", [
    '<http://127.0.0.2:1/v2/test/tags/list>; rel="next"', '<file:///etc/passwd>; rel="next"',
    'nonsense; rel="next"', '<>; rel="next"', '<https://u:p@127.0.0.1/>; rel="next"',
    "<http://" + "x" * 9000 + '>; rel="next"'], ids=["other", "file", "none", "blank", "user", "long"])
def test_links_that_lead_elsewhere(client, fake, link):
    repository, names, _ = put_some(fake)
    fake.when("GET .*/tags/list", tags_answer(["1"], Link=link))
    assert "not its own" in client.refused("pull", "-a", repository)


def test_a_link_that_is_not_to_the_next_page_is_the_end(client, fake):
    repository, _, _ = put_some(fake)
    fake.when("GET .*/tags/list", tags_answer(["1"], Link='</v2/test/tags/list>; rel="prev"'))
    client.ok("pull", "-a", repository)
    assert list(client.names()) == [f"{repository}:1"]


def test_a_list_that_breaks_off_is_asked_for_again(client, fake):
    repository, names, _ = put_some(fake)
    fake.when("GET .*/tags/list", hang_up, times=2)
    client.ok("pull", "-a", repository)
    assert client.names() == names


# ---- the real one ----


def sampan(client, *words):
    subprocess.run([BIN / "sampan", *words], env=client.env(), check=True, capture_output=True)


@needs("docker-registry")
def test_what_was_pushed_with_all_tags_comes_back_with_all_tags(client, fake, tmp_path):
    real = RealRegistry(tmp_path)
    try:
        client.ok("pull", fake.put(small()))
        for tag in ("1", "2", "3"):
            sampan(client, "tag", f"{fake.host}/test:latest", f"{real.host}/a/b:{tag}")
        client.ok("push", "-a", f"{real.host}/a/b")
        wanted = {n: i for n, i in client.names().items() if n.startswith(real.host)}
        sampan(client, "rmi", *client.names())
        client.ok("pull", "-a", f"{real.host}/a/b")
        assert client.names() == wanted and len(wanted) == 3
    finally:
        real.close()
