"""The journal of one pass: intent before an effect, fact after it, all under one lease.

It keeps what it has read and written, so that no step reads the infrastructure again. Whoever waits for the store waits in a thread:
one that is away for a while holds up nothing else. What comes while the store is written to goes in one transaction afterwards.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import replace
from functools import partial, wraps
from typing import Any, Concatenate, ParamSpec, TypeVar

from occopus.engine.clock import Clock
from occopus.engine.commits import Batch, GroupCommit, MakeUp
from occopus.errors import InfrastructureNotFound
from occopus.model.event import Event
from occopus.model.infrastructure import InfraId, InfraRecord
from occopus.model.instance import Handle, Instance, NodeId, Phase
from occopus.model.node import Section
from occopus.model.request import ScaleRequest
from occopus.store.base import Change, Lease, Store
from occopus.store.records import (
    Versioned,
    append_event,
    delete_attachment,
    delete_decision,
    delete_infra,
    delete_instance,
    delete_request,
    load_decided,
    load_infra,
    load_instances,
    load_requests,
    put_infra,
    put_instance,
)

LOG = logging.getLogger("occopus.engine")

Listener = Callable[[Event], None]

P = ParamSpec("P")
T = TypeVar("T")


def in_thread(method: Callable[Concatenate[Journal, P], T]) -> Callable[Concatenate[Journal, P], Coroutine[Any, Any, T]]:
    """Let a method that waits for the store do so in a thread. What it has begun it also ends, however often its caller is cancelled."""

    @wraps(method)
    async def call(journal: Journal, /, *args: P.args, **kwargs: P.kwargs) -> T:
        return await journal.clock.call(partial(method, journal, *args, **kwargs))

    return call


class Journal:
    """Writes to the store on behalf of one infrastructure's lease holder. Its methods may be called from several threads."""

    def __init__(
        self,
        store: Store,
        lease: Lease,
        lost: asyncio.Event,
        infra_id: InfraId,
        clock: Clock,
        listen: Listener,
        mask: Callable[[str], str],
    ) -> None:
        """`lost` is set when the lease has passed to somebody else. `mask` hides secrets: the words of backends may repeat what they were
        given.
        """
        self.store = store
        self.lease = lease
        self.lost = lost
        self.infra_id = infra_id
        self.clock = clock
        self._listen = listen
        self._mask = mask
        self._commits = GroupCommit(self._write)
        self._noting = threading.Lock()
        """Held while what is known changes, never while anybody waits for the store."""
        self.going: frozenset[NodeId] = frozenset()
        """Those that the plan under way removes."""
        self._infra: Versioned[InfraRecord] | None = None
        self._instances: dict[NodeId, Versioned[Instance]] = {}
        self._by_node: dict[str, dict[NodeId, None]] = {}

    @in_thread
    def load(self) -> None:
        """Read what the store knows.

        Raises:
            InfrastructureNotFound: it does not know this infrastructure.
        """
        self._load()

    @in_thread
    def load_if_there(self) -> bool:
        """Read what the store knows; whether it knows this infrastructure."""
        try:
            self._load()
        except InfrastructureNotFound:
            return False
        return True

    @in_thread
    def requests(self) -> Sequence[ScaleRequest]:
        """What users asked for since the last pass, in their order."""
        return load_requests(self.store, self.infra_id)

    @property
    def infra(self) -> InfraRecord:
        assert self._infra is not None, "the journal is loaded or begun first"  # noqa: S101
        return self._infra.value

    @property
    def version(self) -> int:
        """The version of the infrastructure's own record; 0 while there is none."""
        return self._infra.version if self._infra else 0

    @property
    def exists(self) -> bool:
        """Whether the store has the infrastructure."""
        return self._infra is not None

    @property
    def instances(self) -> tuple[Instance, ...]:
        """All instances, the oldest first."""
        with self._noting:
            return tuple(known.value for known in self._instances.values())

    def instances_of(self, node_name: str) -> list[Instance]:
        """The instances of a node that can be reached, the oldest first. Those that are going are told of where there are no others."""
        with self._noting:
            found = [self._instances[node_id].value for node_id in self._by_node.get(node_name, ())]
        reachable = [instance for instance in found if instance.addresses and instance.phase is not Phase.DROPPING]
        return [instance for instance in reachable if instance.node_id not in self.going] or reachable

    def get(self, node_id: NodeId) -> Instance | None:
        known = self._instances.get(node_id)
        return known.value if known else None

    def latest(self, instance: Instance) -> Instance:
        """The instance as it was last written, with every id that is known."""
        return self.get(instance.node_id) or instance

    @in_thread
    def save_infra(self, infra: InfraRecord, kind: str, message: str = "") -> None:
        """Write the infrastructure's own record, with an event that says why."""
        self._commit(lambda: Batch([self._event(kind, message=message)], infra))

    @in_thread
    def remember_manager(self, section: Section) -> bool:
        """Note that a config manager will know of this infrastructure, before it does; whether that is new."""
        is_new = False

        def unless_known() -> Batch | None:
            nonlocal is_new
            if section in self.infra.config_managers:
                return None
            is_new = True
            known = (*self.infra.config_managers, section)
            return Batch([self._event("config-manager", message=str(section["type"]))], replace(self.infra, config_managers=known))

        self._commit(unless_known)
        return is_new

    @in_thread
    def forget_manager(self, section: Section) -> None:
        """Note that a config manager knows nothing of this infrastructure after all."""

        def without() -> Batch:
            others = tuple(each for each in self.infra.config_managers if each != section)
            return Batch([], replace(self.infra, config_managers=others))

        self._commit(without)

    @in_thread
    def answer(self, requests: Sequence[ScaleRequest], infra: InfraRecord, leaving: Sequence[Instance], told: Sequence[str]) -> None:
        """Write what follows from users' requests, and that they are done with."""
        events = [self._event("scaled", message=message) for message in told]
        events += [self._event("dropping", instance, instance.reason) for instance in leaving]
        self._commit(lambda: Batch(events, infra, leaving, others=[delete_request(request) for request in requests]))

    @in_thread
    def take_over(self, infra: InfraRecord, instances: Sequence[Instance]) -> None:
        """Write an infrastructure with its instances as they were found."""
        events = [self._event("adopted", instance, instance.reason) for instance in instances]
        self._commit(lambda: Batch(events, infra, instances))

    @in_thread
    def save(self, instance: Instance, kind: str | None = None, message: str = "") -> Instance:
        """Write an instance, with an event where `kind` names one. Gives the instance back as it was written."""
        masked = replace(instance, reason=self._mask(instance.reason))
        self._commit(lambda: Batch([self._event(kind, masked, message)] if kind else [], instances=[masked]))
        return masked

    @in_thread
    def note_states(self, seen: Sequence[Instance]) -> None:
        """Write those of the instances that are not what they were, in one batch."""

        def changes() -> Batch | None:
            changed = [(each, self.latest(each)) for each in seen if _has_changed(self.latest(each), each)]
            events = [self._event(*news) for now, before in changed if (news := _news(before, now))]
            return Batch(events, instances=[replace(now, reason=self._mask(now.reason)) for now, _ in changed]) if changed else None

        self._commit(changes)

    def checkpoint(self, handle: Handle) -> None:
        """Store the ids of a handle; when it returns they survive a crash. Called from the threads of handlers."""

        def unless_known() -> Batch | None:
            instance = self._instances[handle.node_id].value
            is_known = dict(instance.ids) == dict(handle.ids)
            return None if is_known else Batch(instances=[replace(instance, ids=dict(handle.ids))])

        self._commit(unless_known)

    def asking(self, instance: Instance) -> Instance:
        """Note that its backend is asked to make it just now, perhaps not for the first time. Called from the threads of handlers."""

        def once_a_second() -> Batch | None:
            latest, now = self.latest(instance), self.clock.time()
            is_known = latest.ids or now - (latest.asked_at or 0.0) < 1.0
            return None if is_known else Batch(instances=[replace(latest, asked_at=now)])

        self._commit(once_a_second)
        return self.latest(instance)

    @in_thread
    def forget(self, instance: Instance, message: str = "") -> None:
        """Take an instance out of the store: nothing is left of it."""

        def unless_forgotten() -> Batch | None:
            return Batch([self._event("dropped", instance, message)], gone=[instance]) if self.get(instance.node_id) else None

        self._commit(unless_forgotten)

    @in_thread
    def forget_infra(self) -> None:
        """Take the whole infrastructure out of the store; its events stay."""
        assert self._infra is not None, "the journal is loaded or begun first"  # noqa: S101
        event = self._event("destroyed")
        waiting = load_requests(self.store, self.infra_id)
        gone = [delete_infra(self._infra.value, self._infra.version), delete_attachment(self.infra_id), *map(delete_request, waiting)]
        gone += [delete_decision(self.infra_id, node_name) for node_name in load_decided(self.store, self.infra_id)]
        self.store.write([*gone, append_event(event)], self.lease)
        self._infra = None
        # What came meanwhile goes last: whoever makes a request afterwards finds that there is no such infrastructure any more.
        late = load_requests(self.store, self.infra_id)
        if late:
            self.store.write([delete_request(request) for request in late], self.lease)
        self._tell(event)

    @in_thread
    def note(self, kind: str, instance: Instance | None = None, message: str = "") -> None:
        """Record an event that changes nothing."""
        self._commit(lambda: Batch([self._event(kind, instance, message)]))

    def _load(self) -> None:
        self._infra = load_infra(self.store, self.infra_id)
        self._instances = load_instances(self.store, self.infra_id)
        self._by_node = {}
        for node_id, known in self._instances.items():
            self._by_node.setdefault(known.value.node_name, {})[node_id] = None

    def _commit(self, make_up: MakeUp) -> None:
        """Write a batch and tell of it."""
        batch = self._commits.carry_out(make_up)
        for event in batch.events if batch else ():
            self._tell(event)

    def _write(self, batches: Sequence[Batch]) -> None:
        """Write batches in one transaction, then know what they changed."""
        self.store.write([change for batch in batches for change in self._changes(batch)], self.lease)
        with self._noting:
            for batch in batches:
                self._note(batch)

    def _changes(self, batch: Batch) -> list[Change]:
        changes: list[Change] = [put_infra(batch.infra, self.version)] if batch.infra else []
        changes += [put_instance(each, self._version(each)) for each in batch.instances]
        changes += [delete_instance(each, self._version(each)) for each in batch.gone]
        return [*changes, *batch.others, *map(append_event, batch.events)]

    def _note(self, batch: Batch) -> None:
        if batch.infra:
            self._infra = Versioned(batch.infra, self.version + 1)
        for each in batch.instances:
            self._instances[each.node_id] = Versioned(each, self._version(each) + 1)
            self._by_node.setdefault(each.node_name, {})[each.node_id] = None
        for each in batch.gone:
            del self._instances[each.node_id]
            del self._by_node[each.node_name][each.node_id]

    def _version(self, instance: Instance) -> int:
        known = self._instances.get(instance.node_id)
        return known.version if known else 0

    def _event(self, kind: str, instance: Instance | None = None, message: str = "") -> Event:
        name, node_id = (instance.node_name, instance.node_id) if instance else ("", "")
        return Event(self.infra_id, self.clock.time(), kind, name, node_id, self._mask(message))

    def _tell(self, event: Event) -> None:
        """Only when everything is written down here too: whoever listens may fail."""
        LOG.info("%s", " ".join(filter(None, (self.infra_id, event.kind, event.node_name, event.node_id, event.message))))
        self._listen(event)


def _has_changed(before: Instance, now: Instance) -> bool:
    """Whether there is anything worth writing down; a reason alone, which may count seconds, is not."""
    return (before.state, before.failing_since, before.addresses) != (now.state, now.failing_since, now.addresses)


def _news(before: Instance, now: Instance) -> tuple[str, Instance, str] | None:
    """The event that tells of a change: its kind, the instance, the message. Of what is being made or removed, its own steps tell."""
    if now.phase is not Phase.CREATED:
        return None
    if now.state is not before.state:
        return str(now.state), now, now.reason
    if now.addresses != before.addresses:
        return "address", now, " ".join(address.value for address in now.addresses)
    return None
