"""What READMEs show is right: files are valid, commands can be called so. That they do what is said is for each package's own tests."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from occopus.testing.command_lines import calls, parse
from occopus.testing.user import User

from .pages import blocks, is_part_of_a_definition, read, validate_part

ROOT = Path(__file__).parents[1]
READMES = sorted([ROOT / "README.md", *ROOT.glob("occopus-*/README.md")])
NODES = {"README.md": "examples/message/nodes/node_definitions.yaml"}
"""Where the node definitions are that a README does not show."""


def with_keys(user: User, name: str, text: str) -> Path:
    """Write a file, and those with keys that it refers to."""
    text = text.replace("file:///home/me", f"file://{user.path}")
    for key in re.findall(r"file://(\S+\.(?:pub|pem))", text):
        user.write(str(Path(name).parent / key), "a key")
    return user.write(name, text)


def is_authentication(data: Any) -> bool:
    sections = {"resource", "config_management", "notifier"}
    return isinstance(data, dict) and data.keys() <= sections and all(isinstance(entries, list) for entries in data.values())


@pytest.mark.parametrize("readme", READMES, ids=lambda path: path.parent.name)
def test_the_files_in_a_readme_are_valid(readme: Path, occopus_user: User) -> None:
    descriptions: list[str | Path] = []
    for number, block in enumerate(block for block in blocks(readme) if block.kind == "yaml"):
        data, path = read(block.text), block.name or f"part{number}.yaml"
        if is_authentication(data):
            with_keys(occopus_user, ".occopus/auth_data.yaml", block.text).chmod(0o600)
            assert "0 to be changed" in occopus_user.run("occopus", "doctor").stdout
        elif is_part_of_a_definition(data):
            validate_part(occopus_user, block.text)
        else:
            with_keys(occopus_user, path, block.text)
            if isinstance(data, dict) and ("infra_name" in data or any(key.startswith("node_def:") for key in data)):
                descriptions.append(path)
    if nodes := NODES.get(str(readme.relative_to(ROOT))):
        descriptions.append(ROOT / nodes)
    if descriptions:
        occopus_user.run("occopus", "validate", *descriptions)


@pytest.mark.parametrize("readme", READMES, ids=lambda path: path.parent.name)
def test_the_commands_in_a_readme_can_be_called(readme: Path) -> None:
    for block in blocks(readme):
        if block.kind in ("", "sh", "console"):
            for call in (call for line in block.text.splitlines() for call in calls(line.removeprefix("$ "))):
                parse(call)
