"""What a pass made while it had lost its lease without knowing: frozen, for example, until somebody else took over.

The new holder knows of everything that was in the store, and may have removed an instance just before a call that was under way made
its machine. Such a machine has no record; whoever made it removes it.
"""

from __future__ import annotations

from occopus.engine.context import Pass
from occopus.engine.removal import deregister, leave_config_managers, take_down
from occopus.errors import InfrastructureNotFound, LeaseLost, explained
from occopus.model.instance import Phase
from occopus.store.records import load_infra, load_instances


async def remove_orphans(work: Pass, loss: LeaseLost) -> None:
    """Remove what was made in this pass and is not, or no longer, to stay.

    Raises:
        LeaseLost: some of it can't be removed; the message says what.
    """
    if not work.submitted:
        return
    known = await work.clock.call(load_instances, work.journal.store, work.journal.infra_id)
    failures = []
    for instance in work.submitted.values():
        kept = known.get(instance.node_id)
        if kept is None or kept.value.phase is Phase.DROPPING:
            try:
                await take_down(work, instance)
                await deregister(work, instance)
            except Exception as error:
                failures.append(f"{instance.node_name} {instance.node_id} may be left over: {explained(error)}")
    if not await _exists(work):
        await leave_config_managers(work)
    if failures:
        raise LeaseLost("\n".join([loss.message, *failures]), loss.hint)


async def _exists(work: Pass) -> bool:
    try:
        await work.clock.call(load_infra, work.journal.store, work.journal.infra_id)
    except InfrastructureNotFound:
        return False
    return True
