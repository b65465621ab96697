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
        """The node's `contextualisation` section, checked and not rendered. It must stay as it is."""

    def render(self, value: Any, where: str) -> Any:
        """The value with every string in it rendered as a template, and every secret looked up.

        `where` is the key of the section that it stands under, `context_template` for example: errors point there.

        Raises:
            RenderError: it can't be rendered. Let it pass: it names the place.
        """


class Contextualiser(ABC):
    """Turns a section into a context. Pure: the same scope gives the same context.

    One object serves all nodes whose section is of its type, and is called from several threads.
    """

    @abstractmethod
    def render(self, scope: Scope) -> Context | None:
        """What a node is given; None where it is given nothing.

        What users write is rendered once, by `scope.render`: a value that holds braces is no template. No log may tell what came out, since
        it may be secret.

        Raises:
            RenderError: what came out does not fit. The message does not quote it: it may be secret.
        """


@dataclass(frozen=True)
class ContextualiserSpec:
    """Declares a contextualiser.

    `contextualiser` is `package.module:Class`, imported when the first section of its type is rendered; the class is made without
    arguments. `schema` is for the `contextualisation` section. `like` names a contextualiser of the core, `cloudinit` or `docker`, whose
    place this one can take: it gives the same kind of context, and fits every backend that the other fits. Without it, it fits those that
    name it in their `contexts`. Two keys the core takes itself, where the schema has them: `attributes`, for the node's config manager, and
    `context_variables`, further values for the section's templates.
    """

    type: str
    contextualiser: str
    schema: Schema
    checks: tuple[Check, ...] = ()
    summary: str = ""
    like: str | None = None
