"""What there is of nodes, part by part, found by the marks or, where a kind has none, by the name."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from occopus.model.instance import NodeId
from occopus_azure_aci.arm.client import Json
from occopus_azure_aci.arm.group import Group, node_of, state_of
from occopus_azure_aci.arm.kinds import ADDRESS, DISK, INTERFACE, Kind, node_of_name
from occopus_azure_aci.arm.networks import Networks


@dataclass(frozen=True)
class Part:
    """One object besides the machine. `thing` is as Azure shows it."""

    node_id: NodeId
    noun: str
    state: str
    thing: Json
    delete: Callable[[], None]


class Parts:
    """Looks at a resource group."""

    def __init__(self, group: Group, networks: Networks) -> None:
        self._group = group
        self._networks = networks

    def stages(self) -> Iterator[list[Part]]:
        """All parts, in the order in which they can go: what is in a later stage is used by what is in an earlier one."""
        yield [*self._of(INTERFACE, node_of), *self._of(DISK, lambda disk: node_of_name(disk["name"]))]
        yield [*self._of(ADDRESS, node_of), *self._networks_made()]

    def marked(self) -> Iterable[Part]:
        """All parts that bear the marks."""
        return [part for stage in self.stages() for part in stage if node_of(part.thing)]

    def by_node(self) -> dict[NodeId, list[Part]]:
        nodes: dict[NodeId, list[Part]] = {}
        for stage in self.stages():
            for part in stage:
                nodes.setdefault(part.node_id, []).append(part)
        return nodes

    def _of(self, kind: Kind, owner: Callable[[Json], NodeId | None]) -> Iterator[Part]:
        for thing in self._group.each(kind):
            node_id = owner(thing)
            if node_id:
                yield Part(node_id, kind.noun, state_of(thing), thing, self._deleting(kind, thing["id"]))

    def _deleting(self, kind: Kind, id: str) -> Callable[[], None]:
        return lambda: self._group.delete(kind, id)

    def _networks_made(self) -> Iterator[Part]:
        for left in self._networks.made():
            yield Part(left.node_id, left.kind.noun, left.state, left.thing, lambda left=left: self._networks.delete(left))  # type: ignore[misc]
