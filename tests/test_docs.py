"""Everything that the documentation shows works: each page is followed as a reader would, from its first file to its last command."""

from __future__ import annotations

import dataclasses
import inspect
import os
import pydoc
import re
import signal
import socket
import subprocess
import time
import tomllib
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

import occopus.plugins
from occopus.settings import Settings
from occopus.settings_file import SETTINGS
from occopus.testing.user import PATIENCE, SCRIPTS, User, until

from .pages import blocks, is_part_of_a_definition, read, validate_part

ROOT = Path(__file__).parents[1]
PAGES = sorted((ROOT / "docs").glob("*.md"))
RUN, FILES, SHOWN = "console", {"yaml", "python", "jinja"}, {"text", "http", "ini", "json", "{toctree}", "{eval-rst}", "{literalinclude}"}

VARYING = {
    r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}": "ID",
    r"\b[0-9a-f]{8}\b": "ID8",
    r"\b127(\.\d+){3}\b": "ADDRESS",
    r"\b\d+(\.\d+)? ?(ms|s|min)\b": "TIME",
    r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?Z?": "WHEN",
    r"\b\d\d:\d\d:\d\d\b": "WHEN",
    r"occ_[\w-]{43}": "TOKEN",
    r"\b[0-9a-f]{64}\b": "HASH",
    r" {2,}": "  ",
}
"""What is never the same twice, with what stands for it."""


@dataclass
class Step:
    """Something that a reader does: write a file, or type a command and see what it says."""

    line: int
    name: str = ""
    text: str = ""
    command: str = ""
    expected: list[str] = field(default_factory=list)
    code: int = 0


def steps(page: Path) -> Iterator[Step]:
    for block in blocks(page):
        if block.kind == RUN:
            yield from commands(block.text, block.line)
        elif block.kind in FILES:
            yield Step(block.line, block.name or f"unnamed.{block.kind}", block.text)
        else:
            kinds = f"the kinds are {RUN}, {FILES}, {SHOWN}"
            assert block.kind in SHOWN, f"{page.name}:{block.line}: a block of '{block.kind}' is not run by any test; {kinds}"


def commands(block: str, line: int) -> Iterator[Step]:
    step: Step | None = None
    for number, text in enumerate(block.splitlines(), line + 1):
        if text.startswith("$ "):
            if step:
                yield step
            command, _, remark = text[2:].partition("  # exits with ")
            step = Step(number, command=command, code=int(remark or 0))
        else:
            assert step, f"line {number}: a block of commands begins with '$ '"
            step.expected.append(text)
    if step:
        yield step


class Shell:
    """A shell in which one command is typed after the other."""

    def __init__(self, user: User) -> None:
        environment = user.environment | {"PATH": f"{SCRIPTS}:{os.environ['PATH']}", "COLUMNS": "120", "PS1": ""}
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
        self.process = subprocess.Popen(["bash", "--norc"], cwd=user.path, env=environment, text=True, start_new_session=True, **pipes)

    def type(self, command: str) -> tuple[str, int]:
        """What a command says, and its exit code."""
        assert self.process.stdin
        assert self.process.stdout
        in_background = command.endswith(" &")
        self.process.stdin.write((command[:-2] + " > background.log 2>&1 &" if in_background else command) + '\necho "@@@ $?"\n')
        self.process.stdin.flush()
        said = []
        for line in self.process.stdout:
            before, mark, code = line.partition("@@@ ")
            said.append(before)
            if mark:
                return "".join(said), int(code)
        raise AssertionError(f"the shell ended: {''.join(said)}")

    def end(self) -> None:
        os.killpg(self.process.pid, signal.SIGTERM)
        self.process.communicate()


@pytest.fixture
def shell(occopus_user: User) -> Iterator[Shell]:
    shell = Shell(occopus_user)
    yield shell
    shell.type('for id in $(occopus list --json | grep -o \'"infra_id": "[^"]*\' | cut -d\\" -f4); do occopus destroy -i $id; done')
    shell.end()


@pytest.fixture
def port() -> str:
    with socket.socket() as chosen:
        chosen.bind(("127.0.0.1", 0))
        return str(chosen.getsockname()[1])


@pytest.mark.timeout(PATIENCE)
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_page_does_what_it_says(page: Path, occopus_user: User, shell: Shell, port: str) -> None:
    for step in steps(page):
        place = f"{page.name}:{step.line}"
        if step.name.startswith("unnamed"):
            check_fragment(step, occopus_user, place)
        elif step.name:
            occopus_user.write(step.name, step.text.replace("5000", port))
        elif installs(step.command, place):
            continue
        else:
            follow(step, shell, port, place)


def follow(step: Step, shell: Shell, port: str, place: str) -> None:
    command = step.command.replace("occopus serve", "occopus serve --port 5000").replace("5000", port)
    said, code = shell.type(command)
    assert code == step.code, f"{place}: exit code {code}: $ {step.command}\n{said}"
    assert "Traceback" not in said, f"{place}: {said}"
    if step.command.endswith(" &"):
        until(lambda: answers(port), f"{place}: an answer of the service", every=0.1)
    expected = "\n".join(step.expected).strip()
    if expected:
        pattern = re.escape(alike(expected)).replace(re.escape("..."), ".*?")
        assert re.fullmatch(pattern, alike(said.replace(port, "5000")).strip(), re.DOTALL), (
            f"{place}: $ {step.command}\nsays\n{said}\nnot\n{expected}"
        )


def alike(text: str) -> str:
    for pattern, name in VARYING.items():
        text = re.sub(pattern, name, text)
    return "\n".join(line.rstrip() for line in text.splitlines())


def answers(port: str) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=5):
            return True
    except OSError:
        time.sleep(0.1)
        return False


def installs(command: str, place: str) -> bool:
    """Whether a command installs something. What it names must exist; that it installs is shown by the release."""
    if "pip install" not in command:
        return command.startswith("python3 -m venv")
    for name, extras in re.findall(r"(occopus-[a-z0-9-]+)(?:\[([a-z,]+)\])?", command):
        project = tomllib.loads((ROOT / name / "pyproject.toml").read_text())["project"]
        missing = set(extras.split(",")) - {"", *project.get("optional-dependencies", {})}
        assert not missing, f"{place}: {name} has no extra {missing}"
    return True


def check_fragment(step: Step, user: User, place: str) -> None:
    """A part of a file is checked within the rest of one."""
    if step.name.endswith(".python"):
        compile(step.text, place, "exec")
        return
    if step.name.endswith(".jinja"):
        return
    data = read(step.text)
    assert is_part_of_a_definition(data), f"{place}: this block of yaml is no file with a name, and no part of a node definition"
    validate_part(user, step.text)


DOCUMENTED = sorted(
    {name for page in PAGES for name in re.findall(r"auto(?:module|class):: (occopus[\w.]+)", page.read_text())},
)
"""What the reference shows, by the names that its pages have."""


def public_names(owner: object, path: str) -> Iterator[tuple[str, object]]:
    """Classes, functions, methods and properties that are defined where they are documented."""
    for name, thing in vars(owner).items():
        function = thing.fget if isinstance(thing, property) else thing
        own = getattr(function, "__module__", "") == (owner.__name__ if inspect.ismodule(owner) else getattr(owner, "__module__", ""))
        if name.startswith(("_", "test_", "pytest_")) or not own:
            continue
        if inspect.isclass(thing) or inspect.isfunction(function):
            yield f"{path}.{name}", thing
        if inspect.isclass(thing):
            yield from public_names(thing, f"{path}.{name}")


@pytest.mark.parametrize("path", DOCUMENTED)
def test_every_public_name_in_the_reference_is_documented(path: str) -> None:
    thing = pydoc.locate(path)
    assert thing, f"there is no {path}"
    silent = [name for name, each in [(path, thing), *public_names(thing, path)] if not inspect.getdoc(each)]
    assert silent == []


def test_every_part_of_the_contract_is_in_the_reference() -> None:
    shown = {name for path in DOCUMENTED for name in vars(pydoc.locate(path))}
    assert set(occopus.plugins.__all__) <= shown


def test_every_setting_is_on_its_page_with_its_default() -> None:
    rows = re.findall(r"^\| (`.+?) \| (.+?) \|", (ROOT / "docs" / "settings.md").read_text(), re.MULTILINE)
    shown = dict(pair for names, values in rows for pair in zip(names.split(", "), values.split(", "), strict=False))
    defaults = {field.name: field.default for field in dataclasses.fields(Settings)}
    for path, (name, *_) in SETTINGS.items():
        assert (value := shown.get(f"`{'.'.join(path)}`")), f"{path} is not on the page"
        if isinstance(defaults[name], (bool, int, float, str)):
            assert value == f"`{str(defaults[name]).lower() if isinstance(defaults[name], bool) else defaults[name]}`".replace(
                ".0`", "`"
            ), path
