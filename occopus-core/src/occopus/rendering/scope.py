"""What templates can use: the names and functions of an instance that is about to be made."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from occopus.errors import RenderError, UsageError
from occopus.model.infrastructure import InfraId, Infrastructure
from occopus.model.instance import Instance, NodeId
from occopus.model.node import Implementation, Node
from occopus.model.secret import SecretReference
from occopus.rendering.templates import unknown_name
from occopus.secrets import resolve_in

Instances = Callable[[str], Sequence[Instance]]
"""By node name: its instances that have addresses, the oldest first."""


def unheard(value: str) -> None:
    """Nobody is told."""


@dataclass(frozen=True)
class Outside:
    """What rendering takes from the world outside: the output of local commands and the values of secrets. `warn` takes doubts.

    Where it is `pretended`, both are placeholders.
    """

    run_command: Callable[[str], str]
    resolve_secret: Callable[[SecretReference], str]
    warn: Callable[[str], None]
    learn: Callable[[str], None] = unheard
    """Told of values that must not be shown, wherever they came from."""
    pretended: bool = False


def refused_command(command: str) -> str:
    """Takes the place of `run_command` where templates come from others than whose machine it is, also in rehearsals.

    Raises:
        UsageError: always.
    """
    raise UsageError("cmd() would run a program on the machine of the service", "whoever runs it can allow that: --allow-local-commands")


def placeholder_for_command(command: str) -> str:
    """Stands for the output of a command that is not run; it may stand anywhere in YAML."""
    return f"(output of {_harmless(str(command))})"


def placeholder_for_secret(reference: SecretReference) -> str:
    """Stands for a secret that is not looked up."""
    return f"(secret {reference.kind}:{_harmless(reference.name)})"


def is_made_up(written: Any, rendered: Any) -> bool:
    """Whether a value is, or is made from, a placeholder, so that nothing can be said against it."""
    return isinstance(written, SecretReference) or "(secret " in str(rendered) or "cmd(" in str(written)


def _harmless(text: str) -> str:
    return re.sub(r"[^\w./@=+-]+", " ", text).strip()[:60]


@dataclass(frozen=True)
class Subject:
    """The instance whose inputs are rendered."""

    infrastructure: Infrastructure
    infra_id: InfraId
    node: Node
    implementation: Implementation
    node_id: NodeId

    @property
    def label(self) -> str:
        return f"node '{self.node.name}' ({self.implementation.label})"


def variables(subject: Subject, instances: Instances, outside: Outside) -> dict[str, Any]:
    """Everything that a template of this instance can name."""
    node, implementation = subject.node, subject.implementation

    def known(section: Any) -> Any:
        return resolve_in(section or {}, outside.resolve_secret)

    context = known(implementation.contextualisation)
    return {
        "infra_name": subject.infrastructure.name,
        "infra_id": subject.infra_id,
        "user_id": subject.infrastructure.user_id,
        "name": node.name,
        "node_id": subject.node_id,
        "type": node.type,
        "scaling": {"min": node.scaling.min, "max": node.scaling.max},
        "variables": known(node.variables),
        "attributes": known(node.attributes),
        "create_timeout": node.create_timeout,
        "resource": known(implementation.resource),
        "contextualisation": context,
        "config_management": known(implementation.config_management),
        "health_check": known(implementation.health_check),
        "context_variables": context.get("context_variables") or {},
        "cmd": outside.run_command,
        "cut": lambda text, start, end: str(text)[start:end],
        **_node_functions(subject, instances, outside.warn),
    }


def _node_functions(subject: Subject, instances: Instances, warn: Callable[[str], None]) -> dict[str, Callable[..., Any]]:
    nodes = subject.infrastructure.nodes

    def found(node: Any) -> Sequence[Instance]:
        name = node
        unquoted = unknown_name(node)
        if unquoted in nodes:
            warn(f"{subject.label}: a template says {unquoted} where it should say '{unquoted}': the node of that name is meant")
            name = unquoted
        if str(name) not in nodes:
            raise RenderError(f"there is no node '{name}' in this infrastructure", f"its nodes are: {', '.join(nodes)}")
        known = instances(str(name))
        if not known:
            own = str(name) == subject.node.name
            hint = "a node can't know the instances of its own" if own else f"make '{subject.node.name}' depend on '{name}'"
            raise RenderError(f"node '{name}' has no instance yet", hint)
        return known

    def find_node_id(node: Any, allnodes: bool = False) -> Any:
        records = [_record(instance) for instance in found(node)]
        return records if allnodes else records[0]

    return {
        "getip": lambda node: found(node)[0].address,
        "getprivip": lambda node: found(node)[0].private_address,
        "getipall": lambda node: [instance.address for instance in found(node)],
        "find_node_id": find_node_id,
    }


def _record(instance: Instance) -> dict[str, Any]:
    """An instance as templates see it."""
    return {
        "node_id": instance.node_id,
        "infra_id": instance.infra_id,
        "name": instance.node_name,
        "resource_address": instance.address,
        "addresses": [address.value for address in instance.addresses],
        "state": str(instance.state),
    }
