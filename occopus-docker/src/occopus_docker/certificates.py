"""TLS with the certificates of the authentication file, or with those that the DOCKER_* variables name."""

from __future__ import annotations

import os
import ssl
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from docker.tls import TLSConfig
from requests.adapters import HTTPAdapter

from occopus.plugins import ErrorKind, ResourceError

FILES = {"ca_cert": "ca.pem", "client_cert": "cert.pem", "client_key": "key.pem"}
"""By key of the authentication file: what the same is called in the folder of DOCKER_CERT_PATH."""


def tls_for(endpoint: str, credentials: Mapping[str, Any]) -> TLSConfig | bool:
    """What the SDK is to use for an endpoint; False where it is to speak plainly.

    Raises:
        ResourceError: the certificates are of no use.
    """
    scheme = urlsplit(endpoint).scheme
    if scheme not in ("tcp", "http", "https"):
        return False
    if any(credentials.get(key) for key in FILES):
        return _Certificates(context_of(credentials, "for docker in the authentication file"))
    folder, verify = os.environ.get("DOCKER_CERT_PATH"), os.environ.get("DOCKER_TLS_VERIFY")
    if scheme != "http" and (folder or verify):
        return _Certificates(_context_in(Path(folder) if folder else Path.home() / ".docker", bool(verify)))
    return scheme == "https"


def context_of(certificates: Mapping[str, Any], where: str) -> ssl.SSLContext:
    """Verifies the engine by `ca_cert`, or by the system's authorities without it, and shows it `client_cert`."""
    certificate, key = certificates.get("client_cert"), certificates.get("client_key")
    if bool(certificate) != bool(key):
        raise _useless(where, "client_cert and client_key belong together, and one of them is missing")
    try:
        context = ssl.create_default_context(cadata=certificates.get("ca_cert") or None)
        if certificate and key:
            _load(context, f"{certificate}\n{key}")
    except (ssl.SSLError, ValueError) as error:
        why = getattr(error, "reason", None) or error
        raise _useless(where, f"they can't be read: {why}; PEM text is expected, the key not encrypted") from None
    return context


def _context_in(folder: Path, verify: bool) -> ssl.SSLContext:
    """With the files that `docker` would use; where DOCKER_TLS_VERIFY is not set, nothing is verified, as it does."""
    where = f"in {folder}, which DOCKER_CERT_PATH or DOCKER_TLS_VERIFY stands for,"
    try:
        context = context_of({key: (folder / name).read_text() for key, name in FILES.items()}, where)
    except (OSError, UnicodeDecodeError) as error:
        raise _useless(where, f"they can't be read: {error}") from None
    if not verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def _load(context: ssl.SSLContext, chain: str) -> None:
    """Python reads them from files only; this one is gone before anything else happens."""
    with tempfile.TemporaryDirectory(prefix="occopus-") as folder:
        path = Path(folder) / "chain.pem"
        path.touch(0o600)
        path.write_text(chain)
        context.load_cert_chain(path, password="")  # without one it would ask at the terminal


def _useless(where: str, why: str) -> ResourceError:
    return ResourceError(ErrorKind.CREDENTIALS, f"the certificates {where} are of no use: {why}")


class _Certificates(TLSConfig):  # type: ignore[misc,unused-ignore]
    """Makes the SDK's client use a context instead of files."""

    def __init__(self, context: ssl.SSLContext) -> None:
        super().__init__()
        self._context = context

    def configure_client(self, client: Any) -> None:
        client.mount("https://", _Adapter(self._context))


class _Adapter(HTTPAdapter):
    def __init__(self, context: ssl.SSLContext) -> None:
        self._context = context
        super().__init__(pool_maxsize=64)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, ssl_context=self._context, **kwargs)

    def build_connection_pool_key_attributes(self, request: Any, verify: Any, cert: Any = None) -> Any:
        """The context verifies; what requests would add are authorities that nobody asked for, and what REQUESTS_CA_BUNDLE says."""
        host, _ = super().build_connection_pool_key_attributes(request, verify, cert)
        return host, {}

    def cert_verify(self, *_: Any) -> None:
        """The context does."""
