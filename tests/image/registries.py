"""Registries for tests: a small one in Python that can do everything wrong, and Debian's
docker-registry; and a client with a store, a home and a registries.conf of its own.

SPDX-License-Identifier: MIT
"""
import base64
import contextlib
import gzip
import hashlib
import http.server
import itertools
import json
import os
import re
import shutil
import socket
import ssl
import subprocess
import threading
import time
import urllib.parse

import pytest

import images
from machine import BUILD
from stores import Store

HELPER = BUILD / "libexec" / "sampan" / "sampan-registry"
OCI = "application/vnd.oci.image."
DOCKER = "application/vnd.docker.distribution.manifest."


def digest(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


# ---- the client ----


class Client(Store):
    """A store, with a home of its own so that nobody's logins and settings are read."""

    def __init__(self, directory):
        super().__init__(directory / "root")
        self.home = directory / "home"
        self.home.mkdir()
        self.conf = directory / "registries.conf"
        self.conf.write_text("")
        self.more = {}

    def argv(self, *args):
        if args[0] in ("pull", "push", "login", "logout", "pull-for-run"):
            return [str(HELPER), *map(str, args)]
        return super().argv(*args)

    def env(self):
        clean = {k: v for k, v in os.environ.items()
                 if not k.lower().endswith("_proxy") and not k.startswith("DOCKER_")}
        return {**clean, **{k: v for k, v in super().env().items() if k.startswith("SAMPAN")},
                "HOME": str(self.home), "XDG_RUNTIME_DIR": str(self.home / "run"),
                "CONTAINERS_REGISTRIES_CONF": str(self.conf), "SAMPAN_RETRY_DELAY": "5",
                "SAMPAN_IDLE_TIMEOUT": "6000", "SAMPAN_CONNECT_TIMEOUT": "6000", **self.more}

    def partial(self):
        path = self.root / "images/partial"
        return sorted(p.name for p in path.iterdir()) if path.exists() else []

    def login_file(self, data):
        path = self.home / ".docker/config.json"
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps(data))
        return path


@pytest.fixture
def client(tmp_path):
    return Client(tmp_path)


# ---- images ----


def compressed(data, level=6):
    """gzip without the time, so that the same layer is the same blob."""
    return gzip.compress(data, level, mtime=0)


class Image:
    """Manifest, config and blobs, as a registry has them."""

    def __init__(self, layers, compress=compressed, types="oci", platform="amd64", suffix=None):
        suffix = suffix or {compressed: "+gzip"}.get(compress, "")
        self.layers = [compress(x) for x in layers]
        self.config = json.dumps({
            "architecture": platform, "os": "linux", "config": {"Cmd": ["sh"]},
            "rootfs": {"type": "layers", "diff_ids": [digest(x) for x in layers]}}).encode()
        media = OCI + "layer.v1.tar" + suffix if types == "oci" else \
            "application/vnd.docker.image.rootfs.diff.tar.gzip"
        self.type = OCI + "manifest.v1+json" if types == "oci" else DOCKER + "v2+json"
        self.json = {
            "schemaVersion": 2, "mediaType": self.type,
            "config": {"mediaType": OCI + "config.v1+json", "digest": digest(self.config),
                       "size": len(self.config)},
            "layers": [{"mediaType": media, "digest": digest(x), "size": len(x)}
                       for x in self.layers]}

    @property
    def manifest(self):
        return json.dumps(self.json).encode()

    @property
    def descriptor(self):
        return {"mediaType": self.type, "digest": digest(self.manifest), "size": len(self.manifest)}


def index(*pairs, kind=OCI + "index.v1+json"):
    """(platform, image) pairs as an index."""
    return json.dumps({"schemaVersion": 2, "mediaType": kind, "manifests": [
        {**image.descriptor, "platform": dict(zip(("os", "architecture", "variant"),
                                                  platform.split("/")))}
        for platform, image in pairs]}).encode()


def small(text="hello", n=1, **more):
    return Image([images.layer(images.entry(f"file{i}", f"{text}{i}".encode()))
                  for i in range(n)], **more)


def large(mib=4, n=1, **more):
    """Layers that do not compress."""
    return Image([images.layer(images.entry(f"big{i}", os.urandom(mib << 20)))
                  for i in range(n)], compress=lambda x: compressed(x, 1), suffix="+gzip", **more)


# ---- a registry in Python ----


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def handle(self):
        """Somebody who tries TLS first is sent away at once, as real servers do."""
        if self.server.fake.scheme == "http":
            with contextlib.suppress(OSError):
                if self.connection.recv(1, socket.MSG_PEEK) == b"\x16":
                    return
        super().handle()

    def answer(self, status, body=b"", **headers):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        if "Content_Length" not in headers and "Transfer_Encoding" not in headers:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def error(self, status, message="no", **headers):
        self.answer(status, json.dumps({"errors": [{"code": "X", "message": message}]}).encode(),
                    **headers)

    def handle_one(self):
        fake = self.server.fake
        length = int(self.headers.get("Content-Length") or 0)
        self.body = self.rfile.read(length) if length else b""
        fake.log.append((self.command, self.path, dict(self.headers)))
        for pattern, action in list(fake.rules):
            if re.search(pattern, f"{self.command} {self.path}") and action(self) is not False:
                return
        if fake.authorize and not fake.authorize(self):
            return
        fake.serve(self)

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_CONNECT = lambda self: self.handle_one()


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def handle_error(self, *_):
        pass  # clients that hang up are what these tests are about


class Fake:
    """rules: (pattern of "METHOD path", function of the handler), the first that does not
    return False answers. log: every request."""

    def __init__(self, tls=None):
        self.blobs, self.manifests, self.rules, self.log = {}, {}, [], []
        self.uploads = {}
        self.numbers = itertools.count()  # an upload's number is never given again
        self.authorize = None
        self.pace = None  # seconds between pieces of a blob
        self.sent = 0     # bytes of blobs
        self.page = None  # tags on one page of a list
        self.tls = tls
        self.scheme = "https" if tls else "http"
        self.port = 0
        self.open()

    def open(self):
        """Listens, after close() on the same port."""
        self.server = Server(("127.0.0.1", self.port), Handler)
        self.server.fake = self
        if self.tls:
            self.server.socket = self.tls.wrap_socket(self.server.socket, server_side=True)
        self.port = self.server.server_address[1]
        self.host = f"127.0.0.1:{self.port}"
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.01},
                         daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()

    def url(self, path):
        return f"{self.scheme}://{self.host}{path}"

    def put(self, image, name="test", tag="latest"):
        for blob in [image.config, *image.layers]:
            self.blobs[digest(blob)] = blob
        self.put_manifest(image.manifest, image.type, name, tag)
        return f"{self.host}/{name}:{tag}"

    def put_manifest(self, text, kind, name="test", tag="latest"):
        for reference in (tag, digest(text)):
            self.manifests[name, reference] = (kind, text)

    def when(self, pattern, action, times=None):
        """Adds a rule; times: only so often."""
        left = [times]

        def limited(handler):
            if times is None:
                return action(handler)
            if left[0] == 0:
                return False
            left[0] -= 1  # at once: others may ask while this one sleeps
            answered = action(handler)
            left[0] += answered is False
            return answered
        self.rules.append((pattern, limited))

    def asked(self, pattern):
        return [r for r in self.log if re.search(pattern, f"{r[0]} {r[1]}")]

    # -- what a good registry does --

    def serve(self, h):
        path = urllib.parse.urlsplit(h.path)
        query = dict(urllib.parse.parse_qsl(path.query))
        if path.path == "/v2/":
            return h.answer(200, b"{}")
        for pattern, action in (
                (r"^/v2/(.+)/manifests/([^/]+)$", self.manifest),
                (r"^/v2/(.+)/tags/list$", self.tags),
                (r"^/v2/(.+)/blobs/uploads/$", self.open_upload),
                (r"^/v2/(.+)/blobs/uploads/([^/]+)$", self.upload),
                (r"^/v2/(.+)/blobs/(sha256:[0-9a-f]{64})$", self.blob)):
            found = re.match(pattern, path.path)
            if found:
                return action(h, query, *found.groups())
        return h.error(404, "no such page")

    def manifest(self, h, query, name, reference):
        if h.command == "PUT":
            self.put_manifest(h.body, h.headers["Content-Type"], name, reference)
            return h.answer(201, Docker_Content_Digest=digest(h.body), Location="/x")
        kind, text = self.manifests.get((name, reference), (None, None))
        if text is None:
            return h.error(404, "manifest unknown")
        return h.answer(200, text, Content_Type=kind, Docker_Content_Digest=digest(text))

    def tags(self, h, query, name):
        tags = [t for n, t in self.manifests if n == name and not t.startswith("sha256:")]
        if not tags:
            return h.error(404, "repository name not known to registry")
        start = tags.index(query["last"]) + 1 if "last" in query else 0
        page = tags[start:][:self.page]
        more = {} if start + len(page) == len(tags) else {
            "Link": f'</v2/{name}/tags/list?last={page[-1]}&n={self.page}>; rel="next"'}
        return h.answer(200, json.dumps({"name": name, "tags": page}).encode(), **more)

    def blob(self, h, query, name, wanted):
        data = self.blobs.get(wanted)
        if data is None:
            return h.error(404, "blob unknown")
        found = re.match(r"bytes=(\d+)-$", h.headers.get("Range") or "")
        start = int(found.group(1)) if found else 0
        headers = {"Content_Range": f"bytes {start}-{len(data) - 1}/{len(data)}"} if found else {}
        return self.send(h, 206 if found else 200, data[start:], **headers)

    def send(self, h, status, data, stop=None, **headers):
        """Sends data at the pace that is set; stop: so many bytes, then hang up."""
        h.send_response(status)
        h.send_header("Content-Length", str(len(data)))
        for name, value in headers.items():
            h.send_header(name.replace("_", "-"), value)
        h.end_headers()
        if h.command == "HEAD":
            return
        body = data if stop is None else data[:stop]
        for at in range(0, len(body), 65536):
            h.wfile.write(body[at:at + 65536])
            self.sent += len(body[at:at + 65536])
            if self.pace:
                time.sleep(self.pace)
        if stop is not None:
            hang_up(h)

    def open_upload(self, h, query, name):
        if "mount" in query and query["mount"] in self.blobs:
            return h.answer(201, Location=f"/v2/{name}/blobs/{query['mount']}")
        number = str(next(self.numbers))
        self.uploads[number] = b""
        return h.answer(202, Location=f"/v2/{name}/blobs/uploads/{number}", Range="0-0")

    def upload(self, h, query, name, number):
        if number not in self.uploads:
            return h.error(404, "upload unknown")
        if h.command == "PATCH":
            first = h.headers.get("Content-Range", "0-0").split("-")[0]
            if int(first) != len(self.uploads[number]):
                return h.error(416)
        self.uploads[number] += h.body
        size = len(self.uploads[number])
        where = {"Location": f"/v2/{name}/blobs/uploads/{number}", "Range": f"0-{max(size - 1, 0)}"}
        if h.command != "PUT":
            return h.answer(204 if h.command == "GET" else 202, **where)
        data = self.uploads.pop(number)
        if digest(data) != query.get("digest"):
            return h.error(400, "digest invalid")
        self.blobs[digest(data)] = data
        return h.answer(201, Location=f"/v2/{name}/blobs/{digest(data)}")


def hang_up(handler):
    handler.close_connection = True
    with contextlib.suppress(OSError):
        handler.connection.shutdown(socket.SHUT_RDWR)


def basic_auth(user, password):
    wanted = "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()

    def check(h):
        if h.headers.get("Authorization") == wanted:
            return True
        h.error(401, "authentication required", WWW_Authenticate='Basic realm="fake"')
        return False
    return check


def bearer_auth(realm, token, service="fake service"):
    def check(h):
        if h.headers.get("Authorization") == f"Bearer {token}":
            return True
        h.error(401, "authentication required",
                WWW_Authenticate=f'Bearer realm="{realm}",service="{service}",'
                                 f'scope="repository:evil:*"')
        return False
    return check


@pytest.fixture
def fakes():
    """fakes() makes one more registry."""
    made = []

    def make(**more):
        made.append(Fake(**more))
        return made[-1]
    yield make
    for fake in made:
        fake.close()


@pytest.fixture
def fake(fakes):
    return fakes()


# ---- certificates ----


@pytest.fixture(scope="session")
def certificates(tmp_path_factory):
    """A CA, a server's certificate for 127.0.0.1 and localhost, a client's."""
    top = tmp_path_factory.mktemp("certificates")

    def openssl(*args):
        subprocess.run(["openssl", *map(str, args)], check=True, capture_output=True)

    if not shutil.which("openssl"):
        pytest.skip("no openssl to make certificates with")
    openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
            "-keyout", top / "ca.key", "-out", top / "ca.crt", "-days", "30000", "-subj", "/CN=test CA",
            "-addext", "basicConstraints=critical,CA:TRUE")
    for name in ("server", "client"):
        (top / "ext").write_text("subjectAltName=IP:127.0.0.1,DNS:localhost\n"
                                 "basicConstraints=CA:FALSE\n")
        openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                "-keyout", top / f"{name}.key", "-out", top / "csr", "-subj", f"/CN={name}")
        openssl("x509", "-req", "-in", top / "csr", "-CA", top / "ca.crt", "-CAkey", top / "ca.key",
                "-set_serial", "1" if name == "server" else "2", "-days", "30000", "-out",
                top / f"{name}.crt", "-extfile", top / "ext")
    return top


def server_tls(certificates, want_client=False):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates / "server.crt", certificates / "server.key")
    if want_client:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(certificates / "ca.crt")
    return context


# ---- Debian's registry ----


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class RealRegistry:
    def __init__(self, directory, auth=""):
        self.port = free_port()
        self.host = f"127.0.0.1:{self.port}"
        config = directory / "config.yml"
        config.write_text(f"""
version: 0.1
log: {{level: error, accesslog: {{disabled: true}}}}
storage: {{filesystem: {{rootdirectory: {directory}/data}}}}
http: {{addr: "{self.host}"}}
{auth}
""")
        with open(directory / "log", "w") as log:
            self.process = subprocess.Popen(["docker-registry", "serve", str(config)],
                                            stdout=log, stderr=log)
        deadline = time.monotonic() + 20
        while True:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port)):
                return
            assert self.process.poll() is None and time.monotonic() < deadline, \
                (directory / "log").read_text()
            time.sleep(0.02)

    def close(self):
        self.process.terminate()
        self.process.wait(20)


def needs(*programs):
    missing = [p for p in programs if not shutil.which(p)]
    return pytest.mark.skipif(bool(missing), reason=f"not installed: {' '.join(missing)}")
