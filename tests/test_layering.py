"""Imports point one way, and light commands stay light."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import occopus

CORE = Path(occopus.__file__).parent
ROOT = Path(__file__).parents[1]
PACKAGES = sorted(folder for folder in ROOT.glob("occopus-*/src/occopus_*"))
"""Those that plug into the core."""
EXAMPLE = ROOT / "examples" / "message"

GROUND = {"errors", "diagnostics", "model"}
CONTRACT = {*GROUND, "plugins"}
FILES = {*GROUND, "descriptors", "masking", "secrets"}
WORK = {*CONTRACT, "schema", "descriptors", "store", "credentials", "secrets", "masking"}

MAY_IMPORT = {
    # What everything stands on.
    "errors": set(),
    "diagnostics": {"errors"},
    "model": {"errors", "diagnostics"},
    # The contract, and those who keep it.
    "plugins": GROUND,
    "builtin": CONTRACT,
    "testing": {*WORK, "engine", "rendering", "cli"},  # the simulated world runs the whole engine
    # Reading what users write, and what they keep secret.
    "masking": GROUND,
    "masked_errors": {"errors", "diagnostics"},
    "secrets": {"errors", "model"},
    "descriptors": GROUND,
    "credentials": FILES,
    "credentials_file": FILES,
    "settings": FILES,
    "settings_file": FILES,
    "settings_original": FILES,
    "settings_rest": FILES,
    "logs": {"errors", "diagnostics", "masking"},
    # The engine and what it works with.
    "schema": CONTRACT,
    "store": GROUND,
    "rendering": {*CONTRACT, "schema", "masking", "secrets"},
    "engine": {*WORK, "rendering"},
    # The doors: those that touch no backend, those that do, the service, and the commands, which may use whatever is below.
    "workspace": {*WORK, "engine", "rendering", "settings", "masked_errors"},
    "doctor": {*WORK, "credentials_file", "settings", "settings_file", "settings_original", "workspace"},
    "maintenance": {"engine", "model"},
    "manager": {*WORK, "engine", "rendering", "settings", "workspace", "maintenance", "masked_errors"},
    "occo": {*GROUND, "settings", "maintenance", "manager"},
    "as_json": {"model", "engine"},
    "drawing": set(),
    "rest": {*WORK, "engine", "settings", "settings_rest", "workspace", "manager", "masked_errors", "as_json"},
    "scaffold": {"errors", "plugins", "schema"},
    "cli": {
        *WORK,
        "scaffold",
        "doctor",
        "engine",
        "rendering",
        "settings",
        "settings_rest",
        "workspace",
        "manager",
        "logs",
        "as_json",
        "drawing",
        "rest",
    },
    "__main__": {"cli"},
    "": {"manager"},
}
"""By part of the core: the other parts that it may import."""

FAMILIES = {
    "credentials": {"credentials_file"},
    "credentials_file": {"credentials"},
    "settings": {"settings_file", "settings_original", "settings_rest"},
    "settings_file": {"settings", "settings_original", "settings_rest"},
    "settings_original": {"settings", "settings_file"},
    "settings_rest": set(),
}
"""Files that are one part, divided because each does one thing."""


def imports(file: Path) -> Iterator[str]:
    """The modules that a file imports, wherever in it."""
    for node in ast.walk(ast.parse(file.read_text(), str(file))):
        if isinstance(node, ast.ImportFrom):
            assert not node.level, f"{file}: imports are absolute"
            yield from (f"{node.module}.{alias.name}" for alias in node.names) if node.module == "occopus" else [str(node.module)]
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)


def part_of(module: str) -> str:
    """`engine` for occopus.engine.plan."""
    return module.partition(".")[2].partition(".")[0]


def modules(folder: Path) -> Iterator[tuple[str, Path]]:
    for file in sorted(folder.rglob("*.py")):
        part = file.relative_to(folder).parts[0].removesuffix(".py")
        yield ("" if part == "__init__" else part), file


def test_the_table_names_every_part_and_has_no_cycle() -> None:
    assert {part for part, _ in modules(CORE)} == MAY_IMPORT.keys()
    placed: set[str] = set()
    while placed != MAY_IMPORT.keys():
        fit = {part for part, below in MAY_IMPORT.items() if part not in placed and below - FAMILIES.get(part, set()) <= placed}
        assert fit, f"a cycle among {MAY_IMPORT.keys() - placed}"
        placed |= fit


@pytest.mark.parametrize("part", sorted(MAY_IMPORT))
def test_imports_point_one_way(part: str) -> None:
    allowed = {part, *MAY_IMPORT[part], *FAMILIES.get(part, set())}
    wrong = [
        f"{file.relative_to(CORE)} imports {module}"
        for its_part, file in modules(CORE)
        for module in imports(file)
        if its_part == part and module.partition(".")[0] == "occopus" and part_of(module) not in allowed
    ]
    assert wrong == []


@pytest.mark.parametrize("package", PACKAGES, ids=lambda folder: folder.name)
def test_a_package_imports_the_contract_and_nothing_else_of_the_core(package: Path) -> None:
    wrong = [
        f"{file.name} imports {module}"
        for _, file in modules(package)
        for module in imports(file)
        if module.partition(".")[0] == "occopus" and part_of(module) not in CONTRACT
    ]
    assert wrong == []


def test_the_core_does_not_import_a_package_that_plugs_into_it() -> None:
    wrong = [f"{file.name} imports {module}" for _, file in modules(CORE) for module in imports(file) if module.startswith("occopus_")]
    assert wrong == []


def loaded_by(*arguments: str) -> set[str]:
    """The modules that a command has imported when it ends."""
    code = f"""
import json, sys
sys.argv = {["occopus", *arguments]!r}
from occopus.cli.main import main
try:
    main()
except SystemExit as end:
    assert not end.code, end.code
finally:
    print(json.dumps(sorted(sys.modules)), file=sys.stderr)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    return set(json.loads(done.stderr.splitlines()[-1]))


SERVICE = {"falcon", "uvicorn", "prometheus_client", "occopus.rest"}
HEAVY = {*SERVICE, "asyncio", "psutil", "rich", "pymysql", "tenacity"}


def handlers(loaded: set[str]) -> set[str]:
    """Of what is loaded, what works on backends or nodes; the declarations are meant to be there."""
    return {
        module
        for module in loaded
        if module.startswith("occopus.builtin.local") or (module.startswith("occopus_healthchecks.") and module.split(".")[1] in CHECKS)
    }


CHECKS = {"ping", "ports", "urls", "mysqldbs", "attempts"}


def test_help_imports_hardly_anything(occopus_home: Path) -> None:
    loaded = loaded_by("--help")
    assert not (HEAVY | {"yaml", "jinja2", "cerberus", "pluggy"}) & loaded
    assert "occopus.cli.main" in loaded
    assert {module for module in loaded if module.startswith("occopus.")} <= {
        "occopus.cli",
        "occopus.cli.main",
        "occopus.diagnostics",
        "occopus.errors",
    }


def test_validate_imports_no_handler_and_nothing_heavy(occopus_home: Path) -> None:
    loaded = loaded_by("validate", str(EXAMPLE / "infra.yaml"), str(EXAMPLE / "nodes" / "node_definitions.yaml"))
    assert "occopus.builtin.plugin" in loaded
    assert handlers(loaded) == set()
    assert not HEAVY & loaded
    assert list(occopus_home.iterdir()) == [], "validate leaves nothing behind"
