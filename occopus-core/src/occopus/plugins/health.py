"""Health checks: how to tell from outside that a node does its work."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from occopus.model.instance import NodeId


@dataclass(frozen=True)
class Target:
    """The instance to look at. `address` is its first one."""

    node_id: NodeId
    node_name: str
    address: str


@dataclass(frozen=True)
class HealthCheckSpec:
    """Declares a key of the `health_check` section.

    `check` is `package.module:function`, called in a thread as `check(target, settings) -> str | None` with the key's value, which is
    rendered and of the type that `rule` demands. It returns None where the node is healthy, else the reason why not, within `timeout`
    seconds; where it raises, the node does not count as healthy. `rule` is the Cerberus rule for the key's value. `default` is the value
    where the key is left out; None means no check then. `aliases` are other spellings of the key.
    """

    key: str
    check: str
    rule: Mapping[str, Any]
    default: Any = None
    timeout: float = 10.0
    aliases: tuple[str, ...] = ()
    summary: str = ""
