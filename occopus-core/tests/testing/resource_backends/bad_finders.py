"""Handlers whose `find` breaks the contract."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import replace

import bad_lookers
import bad_removers
from yard import Thing, YardHandler

from occopus.model.infrastructure import InfraId
from occopus.model.instance import Handle
from occopus.plugins import ErrorKind, ResourceError


class Hopeful(YardHandler):
    """Takes what it could get for all that there is."""

    def find(self, infra_id: InfraId) -> Iterable[Handle]:
        with suppress(ResourceError):
            return super().find(infra_id)
        return []


class ThingByThing(YardHandler):
    def find(self, infra_id: InfraId) -> Iterable[Handle]:
        return [replace(thing.node, ids={thing.part: thing.id}) for thing in self.listed() if thing.node.infra_id == infra_id]


class Careless(YardHandler):
    def find(self, infra_id: InfraId) -> Iterable[Handle]:
        return [node for node, _ in self.by_node()]


class Strict(YardHandler):
    def find(self, infra_id: InfraId) -> Iterable[Handle]:
        found = list(super().find(infra_id))
        if not found:
            raise ResourceError(ErrorKind.INVALID, "there is none")
        return found


class Nameless(YardHandler):
    """Marks what it makes with ids only."""

    def find(self, infra_id: InfraId) -> Iterable[Handle]:
        return [replace(handle, node_name="") for handle in super().find(infra_id)]


class Idless(bad_lookers.TrustingHandles):
    """Finds nodes, but nothing by which to know them again."""

    def find(self, infra_id: InfraId) -> Iterable[Handle]:
        return [replace(handle, ids={}) for handle in super().find(infra_id)]


class IdlessDropper(bad_removers.TrustingHandles):
    def find(self, infra_id: InfraId) -> Iterable[Handle]:
        return [replace(handle, ids={}) for handle in super().find(infra_id)]


class Nostalgic(YardHandler):
    """Tells of those who are gone."""

    gone: Iterable[Handle] = ()

    def drop(self, handle: Handle) -> None:
        type(self).gone = [*self.gone, handle]
        super().drop(handle)

    def find(self, infra_id: InfraId) -> Iterable[Handle]:
        return [*super().find(infra_id), *self.gone]


class FirstPage(YardHandler):
    """Turns no page."""

    def listed(self) -> list[Thing]:
        return self.yard.list(self.password, 0)
