"""Works out the difference between what should exist and what does. Pure and quick.

Its cost grows with the instances and the dependencies.
"""

from __future__ import annotations

import random
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from graphlib import TopologicalSorter

from occopus.engine.guard import unhealthy
from occopus.model.infrastructure import Infrastructure
from occopus.model.instance import REPLACES, Instance, NodeId, NodeState, Phase
from occopus.model.node import Implementation, Node
from occopus.model.plan import Action, Plan, Step

DEAD = frozenset({NodeState.FAILED, NodeState.SHUTDOWN})
"""States that no instance comes back from."""

OUTDATED = "its description has changed"
"""Why an instance that does well is replaced."""

REPLACED_BY = "; replaced by "
"""What the reason of a drop says last. A later plan, after a crash, names another instance there."""


@dataclass(frozen=True)
class Choices:
    """What a plan can't derive: new ids, and which of several implementations to try first."""

    new_id: Callable[[], str]
    choose: Callable[[Sequence[Implementation]], Implementation]


def seeded(seed: str) -> Choices:
    """Choices that are the same each time for the same seed."""
    chance = random.Random(seed)  # noqa: S311 - guards nothing
    return Choices(lambda: str(uuid.UUID(int=chance.getrandbits(128), version=4)), chance.choice)


@dataclass(frozen=True)
class World:
    """What a plan is made from. `desired` is None where everything should go; `former` then still gives the order of drops.

    The instances bear their observed states. `spared` are those that have failed and are not replaced, with the reasons.
    """

    desired: Infrastructure | None
    former: Infrastructure | None
    instances: Sequence[Instance] = ()
    targets: Mapping[str, int] = field(default_factory=dict)
    spared: Mapping[NodeId, str] = field(default_factory=dict)


def make_plan(world: World, choices: Choices) -> Plan:
    """The steps that turn what exists into what should."""
    return _Planner(world, choices).plan()


class _Planner:
    def __init__(self, world: World, choices: Choices) -> None:
        self.world = world
        self.choices = choices
        self.steps: dict[str, Step] = {}
        self.warnings: list[str] = []
        self.kept: dict[str, list[Instance]] = {}
        """By node: the instances that stay as they are."""
        self.free_drops: dict[str, list[str]] = {}
        """By node: the drops that wait for nothing that is made. Only these are put in order of dependency, so no cycle can arise."""

    def plan(self) -> Plan:
        spared = [self.world.spared[i.node_id] for i in self.world.instances if unhealthy(i) and i.node_id in self.world.spared]
        if spared:
            self.warnings.append(f"{len(spared)} instances have failed and are not replaced: {spared[0]}; --force-replace replaces them")
        by_node: dict[str, list[Instance]] = {}
        for instance in self.world.instances:
            by_node.setdefault(instance.node_name, []).append(instance)
        wanted = self.world.desired.nodes if self.world.desired else {}
        for name, instances in by_node.items():
            for instance in instances if name not in wanted else ():
                self._drop_freely(instance, "no longer wanted")
        for node in wanted.values():
            self._plan_node(node, by_node.get(node.name, []))
        self._order_drops()
        return Plan(_in_order(self.steps), tuple(self.warnings))

    def _plan_node(self, node: Node, instances: list[Instance]) -> None:
        fingerprints = self._fingerprints(node) if instances else set()
        leaving = [i for i in instances if self._leaves(i)]
        leaving.sort(key=lambda i: i.phase is Phase.DROPPING)  # those first that something is to come in place of
        staying = [i for i in instances if not self._leaves(i)]
        staying.sort(key=lambda i: (i.fingerprint not in fingerprints, i.created_at, i.node_id))
        target = self._target(node)
        kept, surplus = staying[:target], staying[target:]
        outdated = sorted((i for i in kept if i.fingerprint not in fingerprints), key=lambda i: i.state is NodeState.READY)
        begun = [i for i in kept if i.phase is Phase.CREATING and i.fingerprint in fingerprints]
        self.kept[node.name] = [i for i in kept if i.phase is Phase.CREATED and i.fingerprint in fingerprints]
        missing = target - len(kept)
        replaced = [(i, self._drop_freely(i, _why_leaving(i))) for i in leaving]
        waits = self._ready_gates(node) if begun or outdated or missing else ()
        steps = [self._resume(i, waits) for i in begun]
        removed = [self._drop_surplus(i, len(staying), target, () if i.fingerprint in fingerprints else steps) for i in surplus]
        if not (begun or outdated or missing):
            return
        steps += [self._replace(node, *dead, waits) for dead in replaced[:missing]]
        steps += [self._create(node, _why_wanted(node, target), waits) for _ in range(missing - len(replaced))]
        if node.scaling.max > target:  # there is room for one more once those that go are gone
            steps += self._replace_new_first(node, outdated, waits, (*(drop for _, drop in replaced), *removed))
        else:
            steps += self._replace_old_first(node, outdated, (*waits, *steps))
        self._add(Step(f"ready:{node.name}", Action.GATE, node.name, after=tuple(steps)))

    def _drop_surplus(self, instance: Instance, there: int, target: int, successors: Sequence[str]) -> str:
        """Remove one of too many; one whose description has changed stays until those are ready that were begun in its place."""
        reason = f"one of {there} where {target} are wanted"
        return self._drop(instance, reason, tuple(successors)) if successors else self._drop_freely(instance, reason)

    def _fingerprints(self, node: Node) -> set[str]:
        infrastructure = self.world.desired
        return {infrastructure.fingerprint(node, implementation) for implementation in node.implementations} if infrastructure else set()

    def _leaves(self, instance: Instance) -> bool:
        is_spared = unhealthy(instance) and instance.node_id in self.world.spared
        return instance.phase is Phase.DROPPING or (instance.state in DEAD and not is_spared)

    def _target(self, node: Node) -> int:
        asked = self.world.targets.get(node.name, node.scaling.min)
        target = node.scaling.clamped(asked)
        if target != asked:
            limits = f"{node.scaling.min} to {node.scaling.max}"
            self.warnings.append(f"{asked} instances of '{node.name}' were asked for; its limits are {limits}: {target} are wanted")
        return target

    def _replace(self, node: Node, dead: Instance, drop: str, waits: tuple[str, ...]) -> str:
        """Make an instance in place of one that is gone."""
        created = self._create(node, f"{REPLACES} {dead.node_id} ({_why_leaving(dead)})", (*waits, drop))
        self.steps[drop] = replace(self.steps[drop], reason=f"{_why_leaving(dead)}{REPLACED_BY}{self.steps[created].node_id}")
        return created

    def _replace_new_first(self, node: Node, outdated: list[Instance], waits: tuple[str, ...], gone: tuple[str, ...]) -> list[str]:
        """Replace instances whose description has changed, each after the other; each goes when the one in its place is ready."""
        steps: list[str] = []
        previous = gone
        for instance in outdated:
            created = self._create(node, f"{REPLACES} {instance.node_id} ({OUTDATED})", (*waits, *previous))
            previous = (self._drop(instance, OUTDATED, (created,)),)
            steps.append(created)
        return steps

    def _replace_old_first(self, node: Node, outdated: list[Instance], waits: tuple[str, ...]) -> list[str]:
        """The same where the maximum leaves no room for one more."""
        steps: list[str] = []
        for instance in outdated:
            dropped = self._drop(instance, OUTDATED, (*waits, *steps[-1:]))
            steps.append(self._create(node, f"{REPLACES} {instance.node_id} ({OUTDATED})", (dropped,)))
        return steps

    def _ready_gates(self, node: Node) -> tuple[str, ...]:
        """The gates of the nodes that this one waits for, where they have anything to wait for. Nodes are planned in creation order."""
        infrastructure = self.world.desired
        dependees = infrastructure.dependees[node.name] if infrastructure else ()
        names = dict.fromkeys(dependency.dependee for dependency in dependees)
        for name in names:
            self._await_unready(name)
        return tuple(gate for gate in (f"ready:{name}" for name in names) if gate in self.steps)

    def _await_unready(self, node_name: str) -> None:
        """Let the node's gate wait also for instances that stay but do not do well at the moment."""
        unready = [i for i in self.kept.pop(node_name, ()) if i.state is not NodeState.READY]
        if unready:
            gate = self.steps.get(f"ready:{node_name}") or Step(f"ready:{node_name}", Action.GATE, node_name)
            awaited = tuple(self._await(instance) for instance in unready)
            self._add(replace(gate, after=(*gate.after, *awaited)))

    def _create(self, node: Node, reason: str, after: Iterable[str]) -> str:
        node_id = NodeId(self.choices.new_id())
        chosen = self.choices.choose(node.implementations)
        step = Step(f"create:{node_id}", Action.CREATE, node.name, reason, tuple(after), node_id, chosen.index, chosen.label)
        return self._add(step)

    def _resume(self, instance: Instance, after: tuple[str, ...]) -> str:
        return self._step(Action.RESUME, instance, "its creation was begun earlier", after)

    def _await(self, instance: Instance) -> str:
        return self._step(Action.AWAIT, instance, f"{instance.state}: {instance.reason}" if instance.reason else str(instance.state))

    def _drop(self, instance: Instance, reason: str, after: tuple[str, ...] = ()) -> str:
        return self._step(Action.DROP, instance, reason, after)

    def _drop_freely(self, instance: Instance, reason: str) -> str:
        step = self._drop(instance, reason)
        self.free_drops.setdefault(instance.node_name, []).append(step)
        return step

    def _order_drops(self) -> None:
        """An instance goes after those of the nodes that depend on its node, through however many nodes between them."""
        infrastructure = self.world.former or self.world.desired
        if infrastructure is None or not self.free_drops:
            return
        dependents: dict[str, list[str]] = {}
        for dependency in infrastructure.dependencies:
            dependents.setdefault(dependency.dependee, []).append(dependency.dependent)
        for name in reversed(list(infrastructure.nodes)):
            gates = (f"dropped:{dependent}" for dependent in dependents.get(name, ()))
            before = tuple(gate for gate in dict.fromkeys(gates) if gate in self.steps)
            drops = self.free_drops.get(name, ())
            for id in drops:
                self.steps[id] = replace(self.steps[id], after=before)
            if drops or before:
                self._add(Step(f"dropped:{name}", Action.GATE, name, after=tuple(drops) or before))

    def _step(self, action: Action, instance: Instance, reason: str, after: tuple[str, ...] = ()) -> str:
        identity = instance.node_id, instance.implementation, instance.label, instance
        return self._add(Step(f"{action}:{instance.node_id}", action, instance.node_name, reason, after, *identity))

    def _add(self, step: Step) -> str:
        self.steps[step.id] = step
        return step.id


def _why_wanted(node: Node, target: int) -> str:
    return "wanted" if target == node.scaling.min else f"one of {target} wanted"


def _why_leaving(instance: Instance) -> str:
    if instance.phase is Phase.DROPPING:
        return instance.reason.partition(REPLACED_BY)[0] or "its removal was begun earlier"
    return f"{instance.state}: {instance.reason}"


def _in_order(steps: Mapping[str, Step]) -> dict[str, Step]:
    """The steps so that each stands after those it waits for; otherwise as they were planned."""
    sorter = TopologicalSorter({id: step.after for id, step in steps.items()})
    place = {id: number for number, id in enumerate(steps)}
    sorter.prepare()
    ordered: dict[str, Step] = {}
    while sorter.is_active():
        ready = sorted(sorter.get_ready(), key=place.__getitem__)
        ordered.update((id, steps[id]) for id in ready)
        sorter.done(*ready)
    return ordered
