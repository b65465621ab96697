"""Removes one instance, and knows it to be gone only when its backend says so."""

from __future__ import annotations

from dataclasses import replace

from occopus.engine.calls import may_pass
from occopus.engine.context import Pass
from occopus.errors import OccopusError
from occopus.model.instance import Instance, NodeState, Phase
from occopus.model.plan import NO_NODE, Step
from occopus.plugins.resource import ErrorKind, ResourceError, ResourceStatus


class NotGone(OccopusError):
    """An instance was still there when the time for removing it was over."""


async def drop(work: Pass, step: Step) -> None:
    """Remove an instance and forget it."""
    assert step.instance is not None, "a plan drops what exists"  # noqa: S101
    await remove(work, step.instance, step.reason)


async def remove(work: Pass, instance: Instance, reason: str) -> None:
    """Remove all that was made for an instance, wherever it is known, and forget it when nothing is left."""
    instance = work.journal.latest(instance)
    if instance.phase is not Phase.DROPPING:
        instance = await work.journal.save(replace(instance, phase=Phase.DROPPING, reason=reason), "dropping", reason)
    await take_down(work, instance)
    await deregister(work, instance)
    await work.journal.forget(instance, reason)
    work.submitted.pop(instance.node_id, None)


async def take_down(work: Pass, instance: Instance) -> None:
    """Drop, and wait until the backend knows nothing of it. Nothing is written."""
    handler = work.backends.handler(instance.resource)
    poller = work.poller(handler)
    deadline = work.clock.monotonic() + work.policy.drop_timeout
    retrying = work.retrying(instance)
    work.waiting(instance.node_id, "being dropped")
    try:
        await work.calls.run(handler, retrying, handler.drop, instance.handle)
    except ResourceError as error:
        if error.kind is ErrorKind.CREDENTIALS and not instance.ids and instance.asked_at is None:
            return  # nobody was let in to make it, so there is nothing to remove
        raise
    interval = 0.0
    while True:
        try:
            status = await poller.status(instance.handle, interval)
        except ResourceError as error:
            if not may_pass(error):
                raise
            status = ResourceStatus(NodeState.UNKNOWN, detail=error.message)
        gone = status is None or (status.state is NodeState.SHUTDOWN and not status.unfinished)
        if gone and not _may_yet_appear(work, instance):
            return
        status = status or UNSEEN
        if gone or status.unfinished or not instance.ids:  # the calls before may not have seen what they were to remove
            await work.calls.run(handler, retrying, handler.drop, instance.handle)
        work.waiting(instance.node_id, f"still {status.state}: {status.detail}" if status.detail else f"still {status.state}")
        if work.clock.monotonic() >= deadline:
            raise NotGone(f"still {status.state} after {work.policy.drop_timeout:g} s: {status.detail}")
        interval = max(work.policy.poll_first, min(interval * work.policy.poll_growth, work.policy.poll_longest))


UNSEEN = ResourceStatus(NodeState.UNKNOWN, detail="its backend was asked to make it and may yet show it")


def _may_yet_appear(work: Pass, instance: Instance) -> bool:
    """Whether a backend may have made it and not show it yet: the reply never came, and new things take their time to be seen."""
    asked = None if instance.ids else instance.asked_at
    return asked is not None and work.clock.time() < asked + work.appears_within(instance)


async def deregister(work: Pass, instance: Instance) -> None:
    """Let the instance's config manager forget it, unless that never let anybody in."""
    section = instance.config_management
    if section and section in work.journal.infra.config_managers:
        manager = work.backends.manager(section)
        await work.calls.run(manager, work.retrying(instance), manager.drop_node, instance.infra_id, instance.node_id)


async def leave_config_managers(work: Pass) -> None:
    """Let every config manager that was ever asked to look after the infrastructure forget it."""
    infra_id = work.journal.infra_id

    def tell(error: ResourceError) -> None:
        work.waiting(NO_NODE, f"{error.kind}: {error.message}; trying again")

    for section in work.journal.infra.config_managers:
        manager = work.backends.manager(section)
        await work.calls.run(manager, tell, manager.drop_infrastructure, infra_id)
