"""What users ask of a service, written down before they get an answer; whoever keeps the infrastructure carries it out.

Nobody's lease is needed. Who holds it and writes the infrastructure's own record next finds that it has changed, ends its pass there, and
the next pass works towards what is wanted now.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from occopus.errors import VersionConflict
from occopus.model.attachment import Attachment
from occopus.model.event import Event
from occopus.model.infrastructure import InfraId, InfraRecord, Infrastructure
from occopus.store.base import Change, Store
from occopus.store.records import append_event, delete_attachment, load_infra, load_owner, put_attachment, put_infra

ATTEMPTS = 20
"""How often a write is tried where the pass under way writes the same record."""


class BeingDestroyed(VersionConflict):
    """What was asked for does not go together with the removal that is under way."""


def wish_new(store: Store, attachment: Attachment, wanted: Infrastructure, now: float) -> None:
    """There is to be a new infrastructure, and it is to be kept."""
    record = InfraRecord(attachment.infra_id, wanted.name, wanted.user_id, now, desired=None).changed_to(wanted)
    store.write([put_infra(record, 0), *put_attachment(attachment), _event(attachment.infra_id, now, "build-started")])


def submit(store: Store, infra_id: InfraId, wanted: Infrastructure, now: float) -> None:
    """There is to be a new infrastructure; services leave it alone."""
    record = InfraRecord(infra_id, wanted.name, wanted.user_id, now, desired=wanted.source)
    store.write([put_infra(record, 0), _event(infra_id, now, "submitted")])


def wish_change(store: Store, attachment: Attachment, wanted: Infrastructure, now: float) -> None:
    """An infrastructure is to become what `wanted` says, and to be kept.

    Raises:
        InfrastructureNotFound: there is none.
        BeingDestroyed: it is on its way out.
    """

    def changed(record: InfraRecord) -> InfraRecord:
        _refuse_if_leaving(record)
        return record.changed_to(wanted)

    _rewrite(store, attachment.infra_id, changed, [*put_attachment(attachment), _event(attachment.infra_id, now, "build-started")])


def wish_removal(store: Store, attachment: Attachment, now: float) -> None:
    """An infrastructure is to go, and to be kept until it has. Asked for again, nothing changes.

    Raises:
        InfrastructureNotFound: there is none.
    """

    def leaving(record: InfraRecord) -> InfraRecord | None:
        return replace(record, desired=None, former=record.desired, changing=False) if record.desired is not None else None

    started = [_event(attachment.infra_id, now, "destroy-started")]
    if not _rewrite(store, attachment.infra_id, leaving, [*put_attachment(attachment), *started]):
        store.write(put_attachment(attachment))


def attach(store: Store, attachment: Attachment, now: float) -> None:
    """Services are to keep an infrastructure from now on. An owner that is known stays its owner.

    Raises:
        InfrastructureNotFound: there is none.
    """
    load_infra(store, attachment.infra_id)
    owner = load_owner(store, attachment.infra_id) or attachment.user
    store.write([*put_attachment(replace(attachment, user=owner)), _event(attachment.infra_id, now, "attached")])


def detach(store: Store, infra_id: InfraId, now: float) -> None:
    """Services are not to touch an infrastructure any more.

    Raises:
        InfrastructureNotFound: there is none.
        BeingDestroyed: it is on its way out.
    """
    _refuse_if_leaving(load_infra(store, infra_id).value)
    store.write([delete_attachment(infra_id), _event(infra_id, now, "detached")])


def _rewrite(store: Store, infra_id: InfraId, change: Callable[[InfraRecord], InfraRecord | None], others: list[Change]) -> bool:
    """Write a changed record together with others; whether there was anything to change."""
    for attempt in range(1, ATTEMPTS + 1):
        known = load_infra(store, infra_id)
        changed = change(known.value)
        if changed is None:
            return False
        try:
            store.write([put_infra(changed, known.version), *others])
        except VersionConflict:
            if attempt == ATTEMPTS:
                raise
        else:
            return True
    return False


def _refuse_if_leaving(record: InfraRecord) -> None:
    if record.desired is None:
        raise BeingDestroyed(f"{record.infra_id} is being destroyed")


def _event(infra_id: InfraId, now: float, kind: str) -> Change:
    return append_event(Event(infra_id, now, kind))
