"""What one instance is made from, rendered, and what of it may be stored."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from functools import cached_property
from typing import Any

from occopus.masking import Masker
from occopus.model.instance import Handle
from occopus.model.node import Section, digest
from occopus.plugins.contextualiser import Context
from occopus.plugins.resource import CreateRequest


@dataclass(frozen=True)
class Inputs:
    """What one instance is made from, rendered. `secrets` are the values that must not be stored or shown."""

    machine_name: str
    resource: Section
    context: Context | None
    attributes: Section
    config_management: Section | None
    secrets: frozenset[str] = field(default=frozenset(), repr=False)
    written: Section = field(default_factory=dict, repr=False)
    """The resource section before it was rendered."""

    @cached_property
    def hash(self) -> str:
        """Tells inputs apart without keeping them."""
        return digest([self.resource, asdict(self.context) if self.context else None, self.attributes, self.config_management])

    @cached_property
    def storable_resource(self) -> Section:
        """The resource section without values that hold a secret. What was written out in the description is none."""
        storable: Section = _without(self.resource, self.written, _Searched(self.secrets)) if self.secrets else self.resource
        return storable

    def request(self, handle: Handle) -> CreateRequest:
        return CreateRequest(handle, self.machine_name, self.resource, self.context)


class _Searched:
    """Finds secrets, and values that follow from them."""

    def __init__(self, secrets: frozenset[str]) -> None:
        self._secrets = secrets
        self._masker = Masker(secrets)

    def are_in(self, value: object) -> bool:
        """Whether a value holds one of them in any form; the masker, which knows the forms, leaves short ones alone."""
        text = str(value)
        return any(secret in text for secret in self._secrets) or self._masker.mask(text) != text


def _without(value: Any, written: Any, secrets: _Searched) -> Any:
    """The value without what holds a secret. `written` is what it was rendered from: same keys in the same order, unless two became one."""
    if value == written:
        return value
    if isinstance(value, Mapping):
        pairs = zip(value.items(), _beside(value, written), strict=True)
        return {key: _without(item, was, secrets) for (key, item), was in pairs if not _holds(item, was, secrets)}
    if isinstance(value, list):
        pairs_ = zip(value, _beside(value, written), strict=True)
        return [_without(item, was, secrets) for item, was in pairs_ if not _holds(item, was, secrets)]
    return value


def _beside(value: Any, written: Any) -> Iterable[Any]:
    """For each item of a rendered mapping or list what it was rendered from; None where that can't be told."""
    if isinstance(value, Mapping) and isinstance(written, Mapping) and len(value) == len(written):
        return written.values()
    if isinstance(value, list) and isinstance(written, list) and len(value) == len(written):
        return written
    return [None] * len(value)


def _holds(value: Any, written: Any, secrets: _Searched) -> bool:
    is_leaf = value is not None and not isinstance(value, Mapping | list)
    return is_leaf and value != written and secrets.are_in(value)
