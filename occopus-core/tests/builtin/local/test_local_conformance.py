"""The local handler keeps the contract of a resource handler."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from occopus.builtin.local.handler import LocalHandler
from occopus.plugins import Context, CreateRequest, ErrorKind, ResourceHandlerSpec, UserData
from occopus.plugins.registry import Registry
from occopus.testing.resource_suite import Bench, ResourceHandlerSuite
from occopus.testing.resource_suite.tools import Inventory


class TestLocal(ResourceHandlerSuite):
    @pytest.fixture
    def spec(self, occopus_registry: Registry) -> ResourceHandlerSpec:
        return occopus_registry.resource_handler("local")

    @pytest.fixture
    def make_handler(self, local: Any) -> Callable[[], LocalHandler]:
        make: Callable[[], LocalHandler] = local.make_handler
        return make

    @pytest.fixture
    def section(self) -> dict[str, Any]:
        return {"type": "local", "name": "here"}

    @pytest.fixture
    def context(self) -> Context:
        return UserData("#cloud-config\nwrite_files:\n- {path: /etc/motd, content: hello}\nruncmd:\n- sleep 1000 &\n")

    @pytest.fixture
    def invalid_sections(self) -> Mapping[str, Mapping[str, Any]]:
        return {"a name that is no text": {"type": "local", "name": 1}, "a key of another type": {"type": "local", "image": "ubuntu"}}

    @pytest.fixture
    def inventory(self, local: Any) -> Inventory:
        """One entry for each supervisor, and one for each directory or address that is left without one."""

        def held() -> list[str]:
            root: Path = local.data_dir / "local"
            running = [process.environ()["OCCOPUS_NODE_ID"] for process in local.supervisors()]
            remains = {path.name for path in root.glob("[!.]*/*")} | {str(path.readlink()) for path in root.glob(".addresses/*")}
            return running + sorted(remains - set(running))

        return held

    @pytest.fixture
    def provoke(self, bench: Bench, tmp_path: Path, local: Any) -> Mapping[ErrorKind, Callable[[], object]]:
        def create(context: Context) -> object:
            request = bench.request()
            return local.handler.create(CreateRequest(request.handle, "m", request.resource, context), lambda _: None)

        return {ErrorKind.INVALID: lambda: create(UserData("neither a script nor a cloud-config"))}

    @pytest.fixture
    def heavy_modules(self) -> tuple[str, ...]:
        return ("psutil",)
