"""What READMEs show is right: files are valid, commands can be called so. That they do what is said is for each package's own tests."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from markdown_it import MarkdownIt

from occopus.testing.command_lines import calls, parse
from occopus.testing.user import User

ROOT = Path(__file__).parents[1]
READMES = sorted([ROOT / "README.md", *ROOT.glob("occopus-*/README.md")])
NAMED = re.compile(r"`([\w./-]+)`[^`]*:$")
"""How the paragraph before a file ends."""
NODES = {"README.md": "examples/message/nodes/node_definitions.yaml"}
"""Where the node definitions are that a README does not show."""


class Lenient(yaml.SafeLoader):
    """Reads our own tags as whatever they hold."""


Lenient.add_multi_constructor("!", lambda loader, suffix, node: suffix)


def fences(readme: Path) -> Iterator[tuple[str, str, str]]:
    """The kind of each block, the name in the paragraph before it, its text."""
    before = ""
    for token in MarkdownIt().enable("table").parse(readme.read_text()):
        if token.type == "inline":
            before = token.content
        if token.type == "fence":
            named = NAMED.search(before)
            yield token.info, named[1] if named else "", token.content
            before = ""


def with_keys(user: User, name: str, text: str) -> Path:
    """Write a file, and those with keys that it refers to."""
    text = text.replace("file:///home/me", f"file://{user.path}")
    for key in re.findall(r"file://(\S+\.(?:pub|pem))", text):
        user.write(str(Path(name).parent / key), "a key")
    return user.write(name, text)


@pytest.mark.parametrize("readme", READMES, ids=lambda path: path.parent.name)
def test_the_files_in_a_readme_are_valid(readme: Path, occopus_user: User) -> None:
    descriptions: list[str | Path] = []
    for number, (kind, name, text) in enumerate(fences(readme)):
        if kind != "yaml":
            continue
        data = yaml.load(text, Loader=Lenient)
        if (
            isinstance(data, dict)
            and data.keys() <= {"resource", "config_management", "notifier"}
            and isinstance(next(iter(data.values())), list)
        ):
            with_keys(occopus_user, ".occopus/auth_data.yaml", text).chmod(0o600)
            assert "0 to be changed" in occopus_user.run("occopus", "doctor").stdout
            continue
        path = name or f"part{number}.yaml"
        with_keys(occopus_user, path, text)
        if isinstance(data, dict) and ("infra_name" in data or any(key.startswith("node_def:") for key in data)):
            descriptions.append(path)
        elif isinstance(data, dict) and data.keys() <= {"resource", "contextualisation", "config_management", "health_check"}:
            resource = "" if "resource" in data else "    resource: {type: local}\n"
            nested = "".join(f"    {line}\n" for line in text.splitlines())
            occopus_user.run("occopus", "validate", occopus_user.write(path, f"'node_def:part{number}':\n  -\n{nested}{resource}"))
    if nodes := NODES.get(str(readme.relative_to(ROOT))):
        descriptions.append(ROOT / nodes)
    if descriptions:
        occopus_user.run("occopus", "validate", *descriptions)


@pytest.mark.parametrize("readme", READMES, ids=lambda path: path.parent.name)
def test_the_commands_in_a_readme_can_be_called(readme: Path) -> None:
    for kind, _, text in fences(readme):
        if kind in ("", "sh", "console"):
            for call in (call for line in text.splitlines() for call in calls(line.removeprefix("$ "))):
                parse(call)
