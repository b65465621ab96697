"""Waits until an instance that exists does well again."""

from __future__ import annotations

from occopus.engine.calls import may_pass
from occopus.engine.context import Pass
from occopus.engine.creation import NotReady, configured_now
from occopus.engine.observe import observed
from occopus.model.instance import NodeState
from occopus.model.plan import Step
from occopus.plugins.resource import ResourceError


async def wait(work: Pass, step: Step) -> None:
    """Poll, at intervals that grow, until the instance is ready. Only one that is on its way there is waited for.

    Raises:
        NotReady: it failed, is suspended, can't be seen, or takes longer than its creation may.
    """
    assert step.instance is not None, "a plan waits for what exists"  # noqa: S101
    instance = step.instance
    node, implementation = work.node_of(instance)
    limit = node.create_timeout or implementation.create_timeout or work.policy.create_timeout
    until = work.clock.monotonic() + limit
    poller = work.poller(work.backends.handler(instance.resource))
    interval = work.policy.poll_first
    looks_left = work.policy.look_attempts
    while True:
        try:
            status = await poller.status(instance.handle, interval)
        except ResourceError as error:
            looks_left -= 1
            if not may_pass(error) or not looks_left:
                raise
            continue
        looks_left = work.policy.look_attempts
        if status is None:
            raise NotReady("it is gone: its backend no longer knows it")
        seen = await observed(work, work.journal.latest(instance), status, await configured_now(work, instance, status))
        await work.journal.note_states([seen])
        if seen.state is NodeState.READY:
            return
        if seen.state is not NodeState.PENDING:
            raise NotReady(f"{seen.state}: {seen.reason}")
        work.waiting(instance.node_id, seen.reason)
        if work.clock.monotonic() >= until:
            raise NotReady(f"not ready within {limit:g} s: {seen.reason or seen.state}")
        interval = min(interval * work.policy.poll_growth, work.policy.poll_longest)
