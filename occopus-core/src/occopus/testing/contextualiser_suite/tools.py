"""What the checks drive a contextualiser with: sections rendered as Occopus renders them, with words of the checks' own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import astuple, dataclass, field
from typing import Any

import pytest

from occopus.model.infrastructure import InfraId, Infrastructure
from occopus.model.instance import Address, AddressKind, Instance, NodeId, NodeState, Phase
from occopus.model.node import Implementation, Node
from occopus.plugins.contextualiser import Context
from occopus.rendering.scope import Outside, Subject, placeholder_for_command, placeholder_for_secret, unheard, variables
from occopus.rendering.templates import Templates

PLACE = "{{ variables.word }}"
"""Stands in a section where the checks put their words."""


@dataclass
class CheckedScope:
    """What a contextualiser is given for the node `web`. `places` are those that it named, `rendered` is what it was given for them."""

    section: Mapping[str, Any]
    templates: Templates
    places: list[str] = field(default_factory=list)

    def render(self, value: Any, where: str) -> Any:
        self.places.append(where)
        return self.templates.render(value, ("contextualisation", where))


def scope(section: Mapping[str, Any], word: str = "word") -> CheckedScope:
    """A section with a word for its `variables.word`. Beside `web` there is a node `db`, which has an address."""
    implementation = Implementation(0, {"type": "any"}, section)
    nodes = {name: Node(name, name, (implementation,), variables={"word": word}) for name in ("db", "web")}
    subject = Subject(Infrastructure("suite", "suite", nodes), InfraId("5a1e-infra"), nodes["web"], implementation, NodeId("7c02-node"))
    outside = Outside(placeholder_for_command, placeholder_for_secret, unheard)
    names = variables(subject, lambda name: (DB,) if name == "db" else (), outside)
    return CheckedScope(section, Templates(names, "node 'web'", outside.resolve_secret))


DB = Instance(
    InfraId("5a1e-infra"),
    NodeId("7c01-node"),
    "db",
    0,
    "",
    Phase.CREATED,
    0.0,
    addresses=(Address("198.18.0.1", AddressKind.PRIVATE),),
    state=NodeState.READY,
)


def with_places(section: Mapping[str, Any]) -> Mapping[str, Any]:
    """The section, if the checks have a place in it for their words."""
    if PLACE not in str(section):
        pytest.skip(f"needs '{PLACE}' in the fixture 'section'")
    return section


def instead(value: Any, text: str) -> Any:
    """A section with another text in place of `PLACE`."""
    if isinstance(value, str):
        return value.replace(PLACE, text)
    if isinstance(value, Mapping):
        return {key: instead(item, text) for key, item in value.items()}
    return [instead(item, text) for item in value] if isinstance(value, list) else value


def texts(context: Context | None) -> str:
    """All that a context holds, for a look whether something is in it."""
    return "\n".join(str(part) for part in astuple(context)) if context else ""
