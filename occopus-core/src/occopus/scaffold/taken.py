"""Names that would never work, since they mean something already."""

from __future__ import annotations

from occopus.errors import UsageError
from occopus.plugins.registry import CORE, KNOWN_PACKAGES, Registry
from occopus.scaffold.kinds import KINDS
from occopus.scaffold.names import Names
from occopus.schema.core import HEALTH_CHECK


def refuse_taken(names: Names, kind: str, registry: Registry) -> None:
    """Raises:
    UsageError: another package has the name, or offers what is to be offered under it.
    """
    noun = KINDS[kind].noun
    if names.package in {CORE, *KNOWN_PACKAGES.values()}:
        raise UsageError(f"'{names.package}' is a package of Occopus itself", "take another name")
    offered = registry.plugins.get((noun, names.name))
    owner = offered.package.name if offered else CORE if kind == "health-check" and names.name in HEALTH_CHECK else None
    if owner and owner != names.package:
        raise UsageError(f"the {noun} '{names.name}' is offered by {owner} already", "take another name")
