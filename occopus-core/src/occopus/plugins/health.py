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

    `check` is `package.module:function`, imported when a node is first asked, and called as `check(target, settings) -> str | None` with
    the key's value, which is rendered and of the type that `rule` demands. It returns None where the node is healthy, else the reason why
    not, within `timeout` seconds; where it raises, the node does not count as healthy. A reason is one line for people, and tells no secret
    of the settings. Many nodes are asked at once, each in a thread, again and again: a check leaves nothing running, remembers nothing, and
    lets the settings stay as they are.

    `key` is what users write, and `summary` says in a few words what is asked. `rule` is the Cerberus rule for the key's value,
    `meta.description` of which documents it. `default` is the value where the key is left out; None means no check then. Where the value is
    false, nobody is asked. `aliases` are other spellings of the key; `type`, `protocol` and `timeout` are the core's own.
    """

    key: str
    check: str
    rule: Mapping[str, Any]
    default: Any = None
    timeout: float = 10.0
    aliases: tuple[str, ...] = ()
    summary: str = ""
