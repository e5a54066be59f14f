"""Logins, tokens, redirects, certificates, and which registry a name means: credentials go to
the registry that they are for and to nobody else (rule R17).

SPDX-License-Identifier: MIT
"""
import base64
import json
import os
import stat
import urllib.parse

import pytest

from registries import (  # noqa: F401 (fixtures)
    basic_auth, bearer_auth, certificates, client, digest, fake, fakes, server_tls, small)

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="unpacking needs root")

USER, PASSWORD = "anna", "s3cret: with blanks"
AUTH = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()


def saw_credentials(fake):
    return [r for r in fake.log if "Authorization" in r[2]]


# ---- login and logout ----


def login(client, host, password=PASSWORD, **more):
    return client.run("login", "-u", USER, "--password-stdin", host,
                      input=password.encode() + b"\n", **more)


def test_login_pull_logout(client, fake):
    fake.authorize = basic_auth(USER, PASSWORD)
    name = fake.put(small())
    line = client.refused("pull", "-q", name)
    assert f"log in with 'sampan login {fake.host}'" in line
    done = login(client, fake.host)
    assert done.returncode == 0 and done.stdout == b"Login Succeeded\n", done.stderr
    file = client.home / ".docker/config.json"
    assert json.loads(file.read_text()) == {"auths": {fake.host: {"auth": AUTH}}}
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    client.ok("pull", "-q", name)
    assert client.ok("logout", fake.host) == f"Removing login credentials for {fake.host}"
    assert json.loads(file.read_text()) == {"auths": {}}
    assert client.ok("logout", fake.host) == f"Not logged in to {fake.host}"


def test_a_wrong_password_is_not_kept(client, fake):
    fake.authorize = basic_auth(USER, PASSWORD)
    done = login(client, fake.host, "wrong")
    assert done.returncode == 1 and b"denied" in done.stderr
    assert not (client.home / ".docker/config.json").exists()
    assert b"wrong" not in done.stderr


def test_login_keeps_what_else_is_in_the_file(client, fake):
    file = client.login_file({"psFormat": "x", "auths": {"a.example": {"auth": AUTH},
                                                         f"https://{fake.host}/v2/": {}}})
    assert login(client, fake.host).returncode == 0
    data = json.loads(file.read_text())
    assert data["psFormat"] == "x" and sorted(data["auths"]) == sorted(["a.example", fake.host])


@pytest.mark.parametrize("args,words", [
    (["--password-stdin", "x.example"], "needs --username"),
    (["-u", "a", "-p", "b", "--password-stdin", "x.example"], "mutually exclusive"),
    (["-u", "a:b", "-p", "c", "x.example"], "no ':'"),
    (["-u", "a", "-p", "b\nc", "x.example"], "control character"),
    (["-u", "a", "-p", "b", "not a host"], "is no registry"),
    (["x.example"], "without a terminal"),
])
def test_logins_that_are_refused(client, args, words):
    done = client.run("login", *args)
    assert done.returncode == 1 and words in done.stderr.decode()


# ---- where logins are found ----


@pytest.mark.parametrize("key", ["{host}", "https://{host}", "https://{host}/v1/", "http://{host}/",
                                 "{host}/test"])
def test_keys_of_config_json(client, fake, key):
    fake.authorize = basic_auth(USER, PASSWORD)
    client.login_file({"auths": {key.format(host=fake.host): {"auth": AUTH}}})
    client.ok("pull", "-q", fake.put(small()))


@pytest.mark.parametrize("key", ["{host}0", "x{host}", "{host}/tes", "{host}/test/a", "127.0.0.1", ""])
def test_keys_that_mean_something_else(client, fake, key):
    fake.authorize = basic_auth(USER, PASSWORD)
    client.login_file({"auths": {key.format(host=fake.host): {"auth": AUTH}}})
    client.refused("pull", "-q", fake.put(small()))
    assert saw_credentials(fake) == []


def test_podmans_file_and_the_variables(client, fake, tmp_path):
    fake.authorize = basic_auth(USER, PASSWORD)
    name = fake.put(small())
    entry = json.dumps({"auths": {fake.host: {"auth": AUTH}}})
    (client.home / "run/containers").mkdir(parents=True)
    (client.home / "run/containers/auth.json").write_text(entry)
    client.ok("pull", "-q", name)
    (client.home / "run/containers/auth.json").unlink()
    (tmp_path / "config.json").write_text(entry)
    client.refused("pull", "-q", fake.put(small("2")))
    client.more["DOCKER_CONFIG"] = str(tmp_path)
    client.ok("pull", "-q", fake.put(small("2")))


@pytest.mark.parametrize("text,words", [
    ("{", "line 1"), ("[]", "no JSON object"),
    ('{"auths": {"%s": {"auth": "!"}}}', "not base64"),
    ('{"auths": {"%s": {"auth": "YQ=="}}}', "user:password"),
    ('{"auths": {"%s": {"auth": "YQo6Yg=="}}}', "control character"),
    ('{"credsStore": "../x"}', "no name of a credential helper"),
    ('{"credsStore": "missing"}', "docker-credential-missing"),
])
def test_bad_config_files_are_named(client, fake, text, words):
    fake.authorize = basic_auth(USER, PASSWORD)
    client.login_file({}).write_text(text.replace("%s", fake.host))
    line = client.refused("pull", "-q", fake.put(small()))
    assert words in line and "config.json" in line or "credential" in line


HELPER = """#!/bin/sh
echo "$1" >>"$HOME/calls"
case $1 in
get) read server; if [ -f "$HOME/kept" ]; then cat "$HOME/kept"; else
     echo "credentials not found in native keychain"; exit 1; fi;;
store) cat >"$HOME/kept";;
erase) rm "$HOME/kept";;
esac
"""


@pytest.mark.parametrize("config", [{"credsStore": "test"}, {"credHelpers": {"HOST": "test"}}])
def test_credential_helpers(client, fake, tmp_path, config):
    fake.authorize = basic_auth(USER, PASSWORD)
    program = tmp_path / "bin/docker-credential-test"
    program.parent.mkdir()
    program.write_text(HELPER)
    program.chmod(0o755)
    client.more["PATH"] = f"{tmp_path}/bin:{os.environ['PATH']}"
    file = client.login_file(json.loads(json.dumps(config).replace("HOST", fake.host)))
    before = file.read_text()
    name = fake.put(small())
    client.refused("pull", "-q", name)
    assert login(client, fake.host).returncode == 0
    assert file.read_text() == before, "the password is with the helper alone"
    assert json.loads((client.home / "kept").read_text()) == {
        "ServerURL": fake.host, "Username": USER, "Secret": PASSWORD}
    client.ok("pull", "-q", name)
    client.ok("logout", fake.host)
    assert not (client.home / "kept").exists()
    assert set((client.home / "calls").read_text().split()) == {"get", "store", "erase"}


# ---- tokens ----


def token_server(fake, answer=None, user=None):
    """Rules for /token; the queries that came."""
    queries = []

    def give(h):
        queries.append((h.command, dict(urllib.parse.parse_qsl(
            urllib.parse.urlsplit(h.path).query if h.command == "GET" else h.body.decode()))))
        if user and h.headers.get("Authorization") != f"Basic {user}" and h.command == "GET":
            return h.error(401)
        return h.answer(200, json.dumps(answer or {"token": "t0ken", "expires_in": 60}).encode())
    fake.when("(GET|POST) /token", give)
    return queries


def test_a_bearer_token_for_anybody(client, fake):
    queries = token_server(fake)
    fake.authorize = bearer_auth(fake.url("/token"), "t0ken")
    client.ok("pull", "-q", fake.put(small()))
    assert queries == [("GET", {"scope": "repository:test:pull", "service": "fake service"})]


def test_a_bearer_token_for_a_login(client, fake):
    queries = token_server(fake, {"access_token": "t0ken"}, user=AUTH)
    fake.authorize = bearer_auth(fake.url("/token"), "t0ken")
    name = fake.put(small())
    assert "log in" in client.refused("pull", "-q", name)
    client.login_file({"auths": {fake.host: {"auth": AUTH}}})
    client.ok("pull", "-q", name)
    assert queries[-1][1]["account"] == USER


def test_an_identity_token(client, fake):
    queries = token_server(fake)
    fake.authorize = bearer_auth(fake.url("/token"), "t0ken")
    client.login_file({"auths": {fake.host: {"auth": AUTH, "identitytoken": "refresh me"}}})
    client.ok("pull", "-q", fake.put(small()))
    assert queries == [("POST", {"grant_type": "refresh_token", "client_id": "sampan",
                                 "service": "fake service", "scope": "repository:test:pull",
                                 "refresh_token": "refresh me"})]


def test_a_token_that_expires_is_renewed(client, fake):
    queries = token_server(fake)
    check, left = bearer_auth(fake.url("/token"), "t0ken"), [3]

    def authorize(h):
        left[0] -= 1
        if left[0] == 0:
            h.headers.replace_header("Authorization", "expired")
        return check(h)
    fake.authorize = authorize
    client.ok("pull", "-q", fake.put(small()))
    assert len(queries) == 2


@pytest.mark.parametrize("answer", [
    {"token": "a\r\nX-Evil: 1"}, {"token": "a b"}, {"token": ""}, {"x": 1}, {"token": 3},
    {"token": "x" * 100000}, "text"])
def test_tokens_that_are_none(client, fake, answer):
    token_server(fake, answer)
    fake.authorize = bearer_auth(fake.url("/token"), "t0ken")
    assert "no token" in client.refused("pull", "-q", fake.put(small()))


@pytest.mark.parametrize("realm", [
    "http://198.51.100.1/token", "https://198.51.100.1/token", "http://evil.example/token",
    "https://0x7f.1/token", "file:///etc/passwd", "//evil.example/", "https://a@evil.example/",
    "https://evil.example/#x", "https://evil.example/a b", "gopher://x/", "", "token"])
def test_realms_that_are_refused(client, fake, realm):
    fake.authorize = bearer_auth(realm, "t0ken")
    client.login_file({"auths": {fake.host: {"auth": AUTH}}})
    line = client.refused("pull", "-q", fake.put(small()))
    assert "refused" in line or "no URL" in line or "denied" in line
    assert saw_credentials(fake) == []


# ---- redirects ----


def test_a_redirect_to_another_server_comes_without_credentials(client, fake, fakes):
    storage = fakes()
    fake.authorize = basic_auth(USER, PASSWORD)
    image = small()
    name = fake.put(image)
    storage.put(image)
    fake.when("GET .*/blobs/", lambda h: fake.authorize(h) and h.answer(
        307, Location=storage.url(h.path)) or True)
    client.login_file({"auths": {fake.host: {"auth": AUTH}}})
    client.ok("pull", "-q", name)
    assert len(storage.asked("GET .*/blobs/")) == 2 and saw_credentials(storage) == []
    assert saw_credentials(fake)
    client.check()


def test_a_redirect_that_challenges_gets_no_answer(client, fake, fakes):
    storage = fakes()
    storage.authorize = basic_auth(USER, PASSWORD)
    name = fake.put(small())
    fake.when("GET .*/blobs/", lambda h: h.answer(307, Location=storage.url(h.path)))
    client.login_file({"auths": {h: {"auth": AUTH} for h in (fake.host, storage.host)}})
    client.refused("pull", "-q", name)
    assert saw_credentials(storage) == []


@pytest.mark.parametrize("location,words", [
    ("file:///etc/passwd", "no URL"), ("ftp://127.0.0.1/", "no URL"), ("//127.0.0.1/", "no URL"),
    ("http://user:x@127.0.0.1/", "no URL"), ("HOME", "in a circle"), ("", "no URL"),
    ("http://127.0.0.1:1/\tx", "no URL"), ("/" + "x" * 9000, "no URL")])
def test_redirects_that_are_refused(client, fake, location, words):
    name = fake.put(small())
    fake.when("GET .*/blobs/", lambda h: h.answer(
        302, Location=fake.url(h.path) if location == "HOME" else location))
    assert words in client.refused("pull", "-q", name)
    assert len(fake.asked("GET .*/blobs/")) <= 6


# ---- TLS ----


def trust(client, certificates, host, *names):
    directory = client.home / ".config/docker/certs.d" / host
    directory.mkdir(parents=True)
    (directory / "ca.crt").write_bytes((certificates / "ca.crt").read_bytes())
    for name in names:
        (directory / name).write_bytes(
            (certificates / name.replace(".cert", ".crt")).read_bytes())


def test_a_certificate_of_our_own_ca(client, fakes, certificates):
    fake = fakes(tls=server_tls(certificates))
    name = fake.put(small())
    line = client.refused("pull", "-q", name)
    assert "certificate" in line and f"/etc/docker/certs.d/{fake.host}/ca.crt" in line
    trust(client, certificates, fake.host)
    client.ok("pull", "-q", name)


def test_an_insecure_registry_needs_no_trust(client, fakes, certificates):
    fake = fakes(tls=server_tls(certificates))
    client.conf.write_text(f'[[registry]]\nlocation = "{fake.host}"\ninsecure = true\n')
    client.ok("pull", "-q", fake.put(small()))


def test_a_client_certificate(client, fakes, certificates):
    fake = fakes(tls=server_tls(certificates, want_client=True))
    name = fake.put(small())
    trust(client, certificates, fake.host)
    client.refused("pull", "-q", name)
    for part in ("client.cert", "client.key"):
        (client.home / ".config/docker/certs.d" / fake.host / part).write_bytes(
            (certificates / part.replace(".cert", ".crt")).read_bytes())
    client.ok("pull", "-q", name)


def test_no_redirect_from_https_to_http(client, fakes, certificates):
    fake, plain = fakes(tls=server_tls(certificates)), fakes()
    trust(client, certificates, fake.host)
    name = fake.put(small())
    fake.when("GET .*/blobs/", lambda h: h.answer(307, Location=plain.url(h.path)))
    assert "https to http" in client.refused("pull", "-q", name)
    assert plain.log == []


# ---- registries.conf ----


def test_mirrors_are_tried_first_and_may_fail(client, fakes):
    first, second, home = fakes(), fakes(), fakes()
    image = small()
    first.when("GET", lambda h: h.error(404))
    second.put(image, name="cache/test")
    home.put(image)
    client.conf.write_text(f"""
[[registry]]
location = "{home.host}"
[[registry.mirror]]
location = "{first.host}"
[[registry.mirror]]
location = "{second.host}/cache"
""")
    client.login_file({"auths": {home.host: {"auth": AUTH}}})
    out = client.ok("pull", f"{home.host}/test")
    assert f"The mirror {first.host} cannot help" in out
    assert client.names() == {f"{home.host}/test:latest": digest(image.config)}
    assert home.log == [] and saw_credentials(second) == []


def test_the_registry_itself_when_no_mirror_helps(client, fakes):
    mirror, home = fakes(), fakes()
    mirror.when("GET", lambda h: h.error(500))
    client.conf.write_text(f'[[registry]]\nprefix = "{home.host}"\nlocation = "{home.host}"\n'
                           f'[[registry.mirror]]\nlocation = "{mirror.host}"\n')
    client.ok("pull", home.put(small()))


def test_a_location_takes_the_place_of_a_prefix(client, fake):
    image = small()
    fake.put(image, name="deep/hub/library/thing")
    client.conf.write_text(f'[[registry]]\nprefix = "docker.io"\nlocation = "{fake.host}/deep/hub"\n')
    client.login_file({"auths": {"docker.io": {"auth": AUTH}}})
    fake.authorize = None
    assert client.ok("pull", "-q", "thing") == "docker.io/library/thing:latest"
    assert saw_credentials(fake) == []


def test_blocked(client, fake):
    client.conf.write_text(f'[[registry]]\nprefix = "{fake.host}/bad"\nblocked = true\n')
    assert "blocks" in client.refused("pull", "-q", fake.put(small(), name="bad/a"))
    assert fake.log == []
    client.ok("pull", "-q", fake.put(small(), name="badly/a"))


def test_short_names(client, fakes):
    one, two = fakes(), fakes()
    image = small()
    two.put(image, name="thing")
    client.conf.write_text(f'unqualified-search-registries = ["{one.host}", "{two.host}"]\n'
                           f'[aliases]\n"other" = "{two.host}/thing"\n')
    assert client.ok("pull", "-q", "thing") == f"{two.host}/thing:latest"
    assert client.ok("pull", "-q", "other:latest") == f"{two.host}/thing:latest"
    line = client.refused("pull", "-q", "nothing:1")
    assert f"{one.host}/nothing:1" in line and f"{two.host}/nothing:1" in line


@pytest.mark.parametrize("text,words", [
    ("x", "line 1: '='"), ('a = "b"\na = "c"', "line 2"), ("[[registry]]\nblocked = \"yes\"\nprefix = \"a\"",
                                                          "wrong type"),
    ("[[registry]]\nblocked = true", "without prefix"), ("[registries.search]\nregistries = []",
                                                        "old form"),
    ("unqualified-search-registries = [1]", "no list"), ("a = 1.5", "line 1"), ("a = [1", "line 1")])
def test_a_bad_registries_conf_is_named(client, fake, text, words):
    client.conf.write_text(text)
    line = client.refused("pull", "-q", fake.put(small()))
    assert words in line and "registries.conf" in line
    assert fake.log == []


# ---- proxies ----


def test_a_proxy_is_used_and_never_for_this_machine(client, fakes):
    proxy, fake = fakes(), fakes()
    image = small()
    name = fake.put(image)
    client.more["HTTP_PROXY"] = client.more["HTTPS_PROXY"] = proxy.url("")
    client.ok("pull", "-q", name)
    assert proxy.log == []
    client.conf.write_text('[[registry]]\nlocation = "registry.example"\ninsecure = true\n')
    proxy.when("GET http://registry.example", lambda h: h.answer(200, image.manifest,
                                                                 Content_Type=image.type))
    proxy.when("CONNECT", lambda h: h.error(502))
    client.run("pull", "-q", "registry.example/x")
    assert proxy.asked("GET http://registry.example/v2/x/manifests/latest")
    seen = len(proxy.log)
    client.more["NO_PROXY"] = "registry.example"
    client.run("pull", "-q", "registry.example/x")
    assert len(proxy.log) == seen
