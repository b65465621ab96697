"""The help of each command shows how it is used, and what it shows can be used."""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib.metadata import distribution

import click
import pytest
from click.testing import CliRunner

from occopus.cli.main import COMMANDS, load, occopus
from occopus.testing.command_lines import PROGRAMS, calls, parse


def walk(words: tuple[str, ...], command: click.Command) -> Iterator[tuple[str, click.Command]]:
    """A command and all that are below it, each by what is typed for it."""
    yield " ".join(words), command
    if isinstance(command, click.Group):
        with click.Context(command) as context:
            for name in command.list_commands(context):
                below = command.get_command(context, name)
                assert below, name
                yield from walk((*words, name), below)


EVERY = dict(walk(("occopus",), occopus)) | {program: load(name) for program, name in PROGRAMS.items()}


def examples(command: click.Command) -> list[str]:
    """The lines of a help text's block of examples, without their comments."""
    found = re.search(r"^ *Examples?:\n((?: +\S.*\n?)+)", CliRunner().invoke(command, ["--help"]).output, re.MULTILINE)
    return [line.split(" #")[0].strip() for line in found[1].splitlines()] if found else []


@pytest.mark.parametrize("words", EVERY)
def test_every_command_shows_examples_that_can_be_called(words: str) -> None:
    lines = examples(EVERY[words])
    found = [call for line in lines for call in calls(line)]
    assert found, f"'{words} --help' shows no example"
    for call in found:
        parse(call)
    if words in PROGRAMS:
        assert any(call[0] == words for call in found), f"'{words} --help' shows no example with that name"
    else:
        own = words.split()
        shown = [call for call in found if call[: len(own)] == own or PROGRAMS.get(call[0]) == own[-1]]
        assert shown, f"'{words} --help' shows only examples of others"


def test_every_line_of_examples_is_one_of_occopus() -> None:
    lines = {line for command in EVERY.values() for line in examples(command)}
    assert not [line for line in lines if not list(calls(line))]


@pytest.mark.parametrize(
    "line", ["occopus build infra.yaml --parallelise", "occopus scale -n web", "occopus graph --format png", "occopus nope"]
)
def test_examples_that_are_wrong_are_noticed(line: str) -> None:
    with pytest.raises(click.UsageError):
        parse(line.split())


def test_all_programs_are_looked_at() -> None:
    programs = {entry.name for entry in distribution("occopus-core").entry_points if entry.group == "console_scripts"}
    assert programs == {"occopus", *PROGRAMS}


@pytest.mark.parametrize("words", [words for words in EVERY if " " in words or words in PROGRAMS])
def test_every_option_is_explained(words: str) -> None:
    unexplained = [option.name for option in EVERY[words].params if isinstance(option, click.Option) and not option.help]
    assert unexplained == []


def test_the_overview_has_every_command_in_one_line() -> None:
    shown = CliRunner().invoke(occopus, ["--help"]).output
    for name, about in COMMANDS.items():
        assert re.search(rf"^  {name} +{re.escape(about)}$", shown, re.MULTILINE)
