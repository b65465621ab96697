"""What a node's supervisor is to do, taken from the node's context. Pure: nothing is made here."""

from __future__ import annotations

import json
import logging
import shlex
from dataclasses import dataclass
from pathlib import PurePosixPath

from occopus.builtin.local.cloud_config import Command, File, parse
from occopus.builtin.local.failures import invalid
from occopus.plugins.contextualiser import ContainerContext, Context, UserData

SCRIPT = "user-script"
"""Name of the file that user data beginning with `#!` is run from."""


@dataclass(frozen=True)
class Job:
    """Files to write first, then commands to run in order.

    A `container` ends with its only command; any other node stays on until it is dropped.
    """

    files: tuple[File, ...] = ()
    commands: tuple[Command, ...] = ()
    env: tuple[tuple[str, str], ...] = ()
    container: bool = False

    def to_json(self) -> str:
        """What the supervisor reads."""
        return json.dumps({"commands": self.commands, "env": dict(self.env), "container": self.container})


def job_for(context: Context | None, logger: logging.Logger) -> Job:
    """The job of a context.

    Raises:
        ResourceError: INVALID, where a local node can't do what the context says.
    """
    if context is None:
        return Job()
    if isinstance(context, UserData):
        return _from_user_data(context.text, logger)
    return _from_container(context)


def _from_user_data(text: str, logger: logging.Logger) -> Job:
    first_line = text.split("\n", 1)[0].rstrip()
    if first_line.startswith("#!"):
        return Job((File(PurePosixPath(SCRIPT), text.encode(), 0o700),), ((f"./{SCRIPT}",),))
    if first_line == "#cloud-config":
        config = parse(text, logger)
        return Job(config.files, config.commands)
    raise invalid(f"user data of a local node must begin with '#cloud-config' or '#!', not with '{first_line[:40]}'")


def _from_container(context: ContainerContext) -> Job:
    env = tuple(_variable(item) for item in context.env)
    if isinstance(context.command, str):
        try:
            command = tuple(shlex.split(context.command))
        except ValueError as error:
            raise invalid(f"the command can't be split into words: {str(error).lower()}") from error
    else:
        command = tuple(context.command or ())
    return Job(commands=(command,) if command else (), env=env, container=bool(command))


def _variable(item: str) -> tuple[str, str]:
    name, equals, value = item.partition("=")
    if not (name and equals) or "\0" in item:
        raise invalid(f"'{name}' in env must have the form NAME=value")  # the value may be a secret, so it is not shown
    return name, value
