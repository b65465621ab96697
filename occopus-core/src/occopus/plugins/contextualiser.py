"""Contextualisers: what a machine or container is given at its first start."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, Protocol

from occopus.model.node import Section
from occopus.plugins.schema import Check, Schema


@dataclass(frozen=True)
class UserData:
    """Text for cloud-init or whatever reads a machine's user data."""

    text: str


@dataclass(frozen=True)
class ContainerContext:
    """Environment (`NAME=value`) and command of a container; a command as text is for the image's shell rules to split."""

    env: tuple[str, ...] = ()
    command: str | tuple[str, ...] | None = None


Context = UserData | ContainerContext


class Scope(Protocol):
    """What a contextualiser works with."""

    @property
    def section(self) -> Section:
        """The node's `contextualisation` section, checked and not rendered."""

    def render(self, value: Any, where: str) -> Any:
        """The value with every string in it rendered as a template; `where` names it in errors, `context_template` for example."""


class Contextualiser(ABC):
    """Turns a section into a context. Pure: the same scope gives the same context."""

    @abstractmethod
    def render(self, scope: Scope) -> Context | None: ...


@dataclass(frozen=True)
class ContextualiserSpec:
    """Declares a contextualiser. `contextualiser` is `package.module:Class`; the class is made without arguments."""

    type: str
    contextualiser: str
    schema: Schema
    checks: tuple[Check, ...] = ()
    summary: str = ""
