"""Requests that are signed as Chef servers want it: the protocol of mixlib-authentication, versions 1.0 and 1.3."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.asymmetric.utils import NoDigestInfo
from requests import PreparedRequest
from requests.auth import AuthBase

from occopus.plugins import ErrorKind, ResourceError

SERVER_API = "1"
"""The version of the server's API that requests are written for; Chef Server 12 was the first to have it."""

LINE = 60
"""Characters of a signature in each of the headers that it is divided into."""


@dataclass(frozen=True)
class Protocol:
    """A version of the protocol: with what it hashes, how it signs, and what."""

    version: str
    algorithm: str
    sign: Callable[[RSAPrivateKey, bytes], bytes]
    statement: str

    def hash(self, content: bytes) -> str:
        return base64.b64encode(hashlib.new(self.algorithm, content).digest()).decode()


V1_0 = Protocol(
    "1.0",
    "sha1",
    lambda key, statement: key.sign(statement, PKCS1v15(), NoDigestInfo()),
    "Method:{method}\nHashed Path:{hashed_path}\nX-Ops-Content-Hash:{content_hash}\nX-Ops-Timestamp:{time}\nX-Ops-UserId:{name}",
)
V1_3 = Protocol(
    "1.3",
    "sha256",
    lambda key, statement: key.sign(statement, PKCS1v15(), hashes.SHA256()),
    "Method:{method}\nPath:{path}\nX-Ops-Content-Hash:{content_hash}\nX-Ops-Sign:version=1.3\n"
    f"X-Ops-Timestamp:{{time}}\nX-Ops-UserId:{{name}}\nX-Ops-Server-API-Version:{SERVER_API}",
)
PROTOCOLS = (V1_3, V1_0)
"""The better one first."""


@dataclass(frozen=True)
class Signer:
    """Who asks."""

    name: str
    key: RSAPrivateKey

    @classmethod
    def of(cls, name: str, pem: str) -> Signer:
        """
        Raises:
            ResourceError: CREDENTIALS, where the text is no private key of RSA.
        """
        try:
            key = serialization.load_pem_private_key(pem.encode(), password=None)
        except (ValueError, TypeError, UnsupportedAlgorithm):
            key = None
        if not isinstance(key, RSAPrivateKey):
            raise ResourceError(ErrorKind.CREDENTIALS, f"the client_key of '{name}' is no private RSA key as PEM, without a passphrase")
        return cls(name, key)


class Signature(AuthBase):
    """Signs each request with the time at which it is sent."""

    def __init__(self, signer: Signer, protocol: Protocol) -> None:
        self.signer = signer
        self.protocol = protocol

    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        body = request.body or b""
        request.headers.update(self.headers(request.method or "", request.path_url, body.encode() if isinstance(body, str) else body))
        return request

    def headers(self, method: str, target: str, body: bytes, now: datetime | None = None) -> dict[str, str]:
        """The headers that a request bears."""
        path = re.sub("/+", "/", target.partition("?")[0]).rstrip("/") or "/"
        time = (now or datetime.now(UTC)).strftime("%Y-%m-%dT%H:%M:%SZ")
        content_hash = self.protocol.hash(body)
        statement = self.protocol.statement.format(
            method=method.upper(),
            path=path,
            hashed_path=self.protocol.hash(path.encode()),
            content_hash=content_hash,
            time=time,
            name=self.signer.name,
        )
        signed = base64.b64encode(self.protocol.sign(self.signer.key, statement.encode())).decode()
        lines = [signed[start : start + LINE] for start in range(0, len(signed), LINE)]
        return {
            "X-Ops-Sign": f"algorithm={self.protocol.algorithm};version={self.protocol.version};",
            "X-Ops-UserId": self.signer.name,
            "X-Ops-Timestamp": time,
            "X-Ops-Content-Hash": content_hash,
            "X-Ops-Server-API-Version": SERVER_API,
            **{f"X-Ops-Authorization-{number}": line for number, line in enumerate(lines, 1)},
        }
