"""Descriptions in files, read as a user's are, with a made-up backend beside what is installed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from textwrap import dedent

import pytest

from occopus.diagnostics import DescriptionError, Fault
from occopus.model.node import Section
from occopus.plugins import ContextualiserSpec, Problem, ResourceHandlerSpec
from occopus.plugins.loading import load_plugins
from occopus.plugins.registry import Package, Plugin, Registry
from occopus.workspace import Description, Workspace


def dark_side_needs_a_lamp(section: Section) -> Iterator[Problem]:
    if section.get("side") == "dark" and "lamp" not in section:
        yield Problem(("side",), "the dark side needs a lamp", "add the key 'lamp'")


MOON = ResourceHandlerSpec(
    type="moon",
    handler="nowhere:Moon",
    contexts=frozenset({"cloudinit"}),
    checks=(dark_side_needs_a_lamp,),
    schema={
        "endpoint": {"type": "string", "required": True, "meta": {"description": "Where the moon is."}},
        "side": {"type": "string", "allowed": ["near", "dark"]},
        "craters": {"type": "integer", "min": 0, "max": 9},
        "lamp": {"type": "boolean"},
        "phases": {"type": "list", "minlength": 1, "maxlength": 3, "schema": {"type": "string", "empty": False}},
        "crew": {
            "type": "list",
            "schema": {"type": "dict", "schema": {"name": {"type": "string", "required": True}, "age": {"type": "number"}}},
        },
        "orbit": {"type": "dict", "schema": {"height": {"type": "number", "required": True}, "kind": {"type": "string"}}},
        "code": {"type": "string", "regex": "[A-Z]{3}", "meta": {"expected": "three capital letters"}},
        "either": {"anyof": [{"type": "integer"}, {"type": "string", "regex": "x.*"}]},
        "name": {"type": "string"},
    },
)


SHIP = ContextualiserSpec(type="ship", contextualiser="nowhere:Ship", schema={"crew": {"type": "integer"}}, like="cloudinit")
"""What comes to the moon in place of a cloud-config."""


@pytest.fixture
def registry() -> Registry:
    installed = load_plugins()
    package = Package("occopus-moon", "1.0")
    more = [Plugin("resource handler", "moon", MOON, package), Plugin("contextualiser", "ship", SHIP, package)]
    return replace(installed, plugins={**installed.plugins, **{(plugin.kind, plugin.name): plugin for plugin in more}})


@pytest.fixture
def write(tmp_path: Path, occopus_home: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[str]]:
    """Writes files given by name, into the folder that the test runs in; their names."""
    folder = tmp_path / "files"
    folder.mkdir()
    monkeypatch.chdir(folder)

    def put(**files: str) -> list[str]:
        for name, text in files.items():
            Path(f"{name}.yaml").write_text(dedent(text).lstrip("\n"))
        return [f"{name}.yaml" for name in files]

    return put


@pytest.fixture
def read(write: Callable[..., list[str]], registry: Registry) -> Callable[..., Description]:
    """Reads the given files together."""
    return lambda **files: Workspace.open(registry=registry).read(write(**files))


@pytest.fixture
def faults(read: Callable[..., Description]) -> Callable[..., list[str]]:
    """The faults of the given files, each as `file:line:column: message = hint`."""

    def found(**files: str) -> list[str]:
        try:
            every = read(**files).warnings
        except DescriptionError as error:
            every = error.faults
        return [shown(fault) for fault in every]

    return found


def shown(fault: Fault) -> str:
    kind = "warning: " if fault.warning else ""
    return f"{fault.position}: {kind}{fault.message}" + (f" = {fault.hint}" if fault.hint else "")
