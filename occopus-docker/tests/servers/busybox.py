"""Tarballs of a small root file system: busybox, and a script."""

from __future__ import annotations

import io
import shutil
import tarfile
from functools import cache
from pathlib import Path

PROGRAMS = ("sh", "sleep", "ping", "echo", "cat", "httpd", "nc", "env", "hostname")

STAY = ("sh", "-c", "trap 'exit 0' TERM; sleep 1000000 & wait")
"""A command that ends when it is asked to; the first process of a container ignores SIGTERM unless it says otherwise."""


@cache
def busybox_tarball(script: str = "") -> bytes:
    """What `docker export` would write of such a container; the script is /root/start.sh."""
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as tarball:
        _add(tarball, "bin/busybox", Path(shutil.which("busybox") or "/bin/busybox").read_bytes())
        for name in PROGRAMS:
            link = tarfile.TarInfo(f"bin/{name}")
            link.type, link.linkname = tarfile.SYMTYPE, "busybox"
            tarball.addfile(link)
        _add(tarball, "root/start.sh", script.encode())
        folder = tarfile.TarInfo("tmp")
        folder.type, folder.mode = tarfile.DIRTYPE, 0o777
        tarball.addfile(folder)
    return file.getvalue()


def _add(tarball: tarfile.TarFile, name: str, content: bytes) -> None:
    info = tarfile.TarInfo(name)
    info.size, info.mode = len(content), 0o755
    tarball.addfile(info, io.BytesIO(content))
