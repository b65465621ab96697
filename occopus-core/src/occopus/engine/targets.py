"""Sets where the events of an infrastructure go. Whoever delivers them finds it in the store."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

from occopus.errors import InfrastructureNotFound, VersionConflict
from occopus.model.event import Event
from occopus.model.infrastructure import InfraId
from occopus.model.node import Section
from occopus.model.target import ABOUT_NOTIFICATIONS, Target
from occopus.store.base import Change, Store
from occopus.store.records import (
    append_event,
    delete_cursor,
    delete_targets,
    load_cursors,
    load_infra,
    load_targets,
    put_cursor,
    put_targets,
)


def set_targets(store: Store, infra_id: InfraId, sections: Sequence[Section], now: float) -> None:
    """From now on the events of an infrastructure go to these targets. One that stays gets what it has not got yet.

    Raises:
        InfrastructureNotFound: there is none.
        VersionConflict: somebody else set them at the same time.
    """
    load_infra(store, infra_id)
    known, wanted = load_targets(store, infra_id), [Target(infra_id, section) for section in sections]
    staying = {target.name for target in known.value} & {target.name for target in wanted}
    now_on = store.last_appended()
    changes: list[Change] = [put_targets(infra_id, wanted, known.version)] if wanted else [delete_targets(infra_id, known.version)]
    changes += [delete_cursor(target, None) for target in known.value if target.name not in staying]
    changes += [put_cursor(target, now_on, None) for target in wanted if target.name not in staying]
    told = ", ".join(sorted({target.type for target in wanted})) or "nowhere"
    store.write([*changes, append_event(Event(infra_id, now, f"{ABOUT_NOTIFICATIONS}set", message=told))])
    try:
        load_infra(store, infra_id)
    except InfrastructureNotFound:  # it was destroyed meanwhile, and its last event may have come before
        store.write([delete_cursor(target, None) for target in wanted])
        forget_unless_needed(store, infra_id)
        raise


def forget_unless_needed(store: Store, infra_id: InfraId) -> None:
    """Take the targets of an infrastructure out of the store if none of them gets anything any more: it is gone, and all is delivered."""
    known = load_targets(store, infra_id)
    if known.value and not load_cursors(store, infra_id):
        with suppress(VersionConflict):  # somebody was quicker
            store.write([delete_targets(infra_id, known.version)])
