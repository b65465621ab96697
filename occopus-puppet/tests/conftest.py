"""A machine that boots, and what it finds on the web."""

from __future__ import annotations

import hashlib
import io
import json
import sys
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

sys.path.append(str(Path(__file__).parent / "servers"))  # pytest puts no folder there by itself

from machine import Machine, can_not_mount, why_not

from occopus.testing.http import HttpServer, Reply, Request


class Web(HttpServer):
    """Serves manifests, and modules as the Puppet Forge does (version 3 of its API)."""

    def __init__(self) -> None:
        super().__init__()
        self.files: dict[str, bytes] = {}
        """By path."""
        self.modules: dict[str, dict[str, Any]] = {}
        """By name: its release as the Forge describes it."""
        self.asked: list[str] = []

    def add_module(self, name: str, manifest: str) -> None:
        metadata = {
            "name": name,
            "version": "1.0.0",
            "author": "me",
            "license": "Apache-2.0",
            "summary": "",
            "source": "",
            "dependencies": [],
        }
        packed = io.BytesIO()
        with tarfile.open(fileobj=packed, mode="w:gz") as archive:
            for path, text in {"metadata.json": json.dumps(metadata), "manifests/init.pp": manifest}.items():
                entry = tarfile.TarInfo(f"{name}-1.0.0/{path}")
                entry.size = len(text.encode())
                archive.addfile(entry, io.BytesIO(text.encode()))
        content = packed.getvalue()
        file = f"/v3/files/{name}-1.0.0.tar.gz"
        self.files[file] = content
        sums = {"file_md5": hashlib.md5(content).hexdigest(), "file_sha256": hashlib.sha256(content).hexdigest()}
        self.modules[name] = {"version": "1.0.0", "metadata": metadata, "file_uri": file, **sums, "deleted_at": None}

    def answer(self, request: Request) -> Reply:
        self.asked.append(request.path)
        if request.path == "/v3/releases":
            found = self.modules.get(request.query["module"])
            return Reply.of_json(200, {"pagination": {"next": None}, "results": [found] if found else []})
        content = self.files.get(request.path)
        return Reply(404) if content is None else Reply(200, content)


@pytest.fixture
def web() -> Iterator[Web]:
    with Web() as server:
        yield server


@pytest.fixture
def machine(tmp_path: Path, web: Web) -> Machine:
    """One that has not been started yet. Its Forge is the test's."""
    if reason := why_not():
        pytest.skip(reason)
    folder = tmp_path / "machine"
    (folder / "probe").mkdir(parents=True)
    if reason := can_not_mount(folder / "probe"):
        pytest.skip(reason)
    return Machine(folder, {"/etc/puppet/puppet.conf": f"[main]\nmodule_repository = {web.url}\n"})
