"""A registry of images, as far as pulling goes (the distribution API, version 2), behind a user name and a password where there is one."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import threading

from occopus.testing.http import HttpServer, Reply, Request

MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
CONFIG = "application/vnd.docker.container.image.v1+json"
LAYER = "application/vnd.docker.image.rootfs.diff.tar.gzip"
VERSION = {"Docker-Distribution-Api-Version": "registry/2.0"}


class Registry(HttpServer):
    def __init__(self) -> None:
        super().__init__()
        self.host = f"127.0.0.1:{self.port}"
        self.login: tuple[str, str] | None = None
        self.status: int | None = None
        """What it answers instead of what is asked for."""
        self.hold_back: threading.Event | None = None
        """Layers are sent when this is set."""
        self.manifests: dict[str, bytes] = {}
        self.blobs: dict[str, bytes] = {}
        self.logins: set[str] = set()
        """What has been sent to log in."""
        self.layers_sent = 0

    def push(self, name: str, tarball: bytes) -> str:
        """The reference, without a tag, of an image with this root file system."""
        layer = gzip.compress(tarball, mtime=0)
        config = json.dumps(
            {
                "architecture": "amd64",
                "os": "linux",
                "config": {},
                "rootfs": {"type": "layers", "diff_ids": [_digest(tarball)]},
                "history": [{"created": "2020-01-01T00:00:00Z"}],
            }
        ).encode()
        self.blobs |= {_digest(layer): layer, _digest(config): config}
        manifest = {
            "schemaVersion": 2,
            "mediaType": MANIFEST,
            "config": {"mediaType": CONFIG, "size": len(config), "digest": _digest(config)},
            "layers": [{"mediaType": LAYER, "size": len(layer), "digest": _digest(layer)}],
        }
        body = json.dumps(manifest).encode()
        self.manifests |= {f"{name}/manifests/latest": body, f"{name}/manifests/{_digest(body)}": body}
        return f"{self.host}/{name}"

    def answer(self, request: Request) -> Reply:
        path, sent = request.path.removeprefix("/v2/"), request.headers.get("Authorization", "")
        if sent:
            self.logins.add(base64.b64decode(sent.partition(" ")[2]).decode())
        if self.status:
            return _fault(self.status, "TOOMANYREQUESTS", "slow down")
        if self.login and sent != "Basic " + base64.b64encode(":".join(self.login).encode()).decode():
            return _fault(401, "UNAUTHORIZED", "who is it?", {"WWW-Authenticate": 'Basic realm="us"'})
        if not path:
            return Reply.of_json(200, {}, VERSION)
        if path in self.manifests:
            body = self.manifests[path]
            return Reply(200, body, {"Content-Type": MANIFEST, "Docker-Content-Digest": _digest(body), **VERSION})
        if (digest := path.rpartition("/")[2]) in self.blobs:
            return self._blob(self.blobs[digest])
        return _fault(404, "MANIFEST_UNKNOWN", "manifest unknown")

    def _blob(self, content: bytes) -> Reply:
        if content.startswith(b"\x1f\x8b"):
            self.layers_sent += 1
            if self.hold_back:
                self.hold_back.wait(60)
        return Reply(200, content, {"Content-Type": "application/octet-stream", **VERSION})


def _fault(status: int, code: str, message: str, headers: dict[str, str] | None = None) -> Reply:
    return Reply.of_json(status, {"errors": [{"code": code, "message": message}]}, {**VERSION, **(headers or {})})


def _digest(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"
