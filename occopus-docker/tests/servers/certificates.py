"""An authority, and certificates of an engine, of its user, and of a stranger."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path

EXTENSIONS = "subjectAltName=IP:127.0.0.1,DNS:localhost\nextendedKeyUsage=serverAuth,clientAuth\n"


@dataclass(frozen=True)
class Certificates:
    """Files with certificates, and with their keys."""

    ca: Path
    server: tuple[Path, Path]
    client: tuple[Path, Path]
    stranger: tuple[Path, Path]

    @classmethod
    def made_in(cls, folder: Path) -> Certificates:
        ca, other = _authority(folder, "ca"), _authority(folder, "other")
        return cls(ca[0], _signed(folder, "server", ca), _signed(folder, "client", ca), _signed(folder, "stranger", other))


def _authority(folder: Path, name: str) -> tuple[Path, Path]:
    certificate, key = folder / f"{name}.pem", folder / f"{name}-key.pem"
    _openssl("req", "-x509", "-newkey", "ec", *CURVE, "-nodes", "-days", "2", "-subj", f"/CN={name}", "-keyout", key, "-out", certificate)
    return certificate, key


def _signed(folder: Path, name: str, authority: tuple[Path, Path]) -> tuple[Path, Path]:
    certificate, key, request, extensions = (folder / f"{name}{ending}" for ending in (".pem", "-key.pem", ".csr", ".ext"))
    extensions.write_text(EXTENSIONS)
    _openssl("req", "-newkey", "ec", *CURVE, "-nodes", "-subj", f"/CN={name}", "-keyout", key, "-out", request)
    by = ("-CA", authority[0], "-CAkey", authority[1], "-CAcreateserial")
    _openssl("x509", "-req", "-in", request, *by, "-days", "2", "-extfile", extensions, "-out", certificate)
    return certificate, key


CURVE = ("-pkeyopt", "ec_paramgen_curve:prime256v1")


def _openssl(*arguments: str | Path) -> None:
    subprocess.run(["openssl", *arguments], check=True, capture_output=True)
