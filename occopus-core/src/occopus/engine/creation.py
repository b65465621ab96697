"""Makes one instance: intent into the store, the call to its backend, then waiting until it is ready."""

from __future__ import annotations

from dataclasses import replace

from occopus.engine.calls import may_pass
from occopus.engine.context import Pass
from occopus.engine.readiness import with_readiness
from occopus.engine.removal import take_down
from occopus.engine.resolve import Inputs
from occopus.errors import OccopusError
from occopus.model.instance import Instance, NodeState, Phase
from occopus.model.node import Implementation
from occopus.model.plan import Step
from occopus.plugins.config_manager import NodeRegistration
from occopus.plugins.resource import ErrorKind, ResourceError, ResourceStatus


class Superseded(OccopusError):
    """The world has changed since the plan was made: plan again."""


class NotReady(OccopusError):
    """An instance failed or ran out of time before it was ready."""


async def create(work: Pass, step: Step) -> None:
    """Make a new instance; where a backend has no capacity, by the node's next implementation."""
    node = work.rendering.infrastructure.nodes[step.node_name]
    left = list(node.implementations)
    choice = next(i for i in left if i.index == step.implementation)
    while True:
        left.remove(choice)
        instance, inputs = await _begin(work, step, choice)
        try:
            return await _finish(work, instance, inputs)
        except ResourceError as error:
            if error.kind is not ErrorKind.NO_CAPACITY or not left:
                raise
            choice = work.clock.random.choice(left)
            work.journal.note("no-capacity", instance, f"{error.message}; {choice.label} is tried next")
            await take_down(work, work.journal.get(instance.node_id) or instance)


async def resume(work: Pass, step: Step) -> None:
    """Finish an instance whose creation was begun by an earlier command, if it would still be made in the same way."""
    assert step.instance is not None, "a plan resumes what exists"  # noqa: S101
    instance = step.instance
    node, implementation = work.node_of(instance)
    inputs = await work.clock.call(work.rendering.inputs, node, implementation, instance.node_id, work.journal.instances_of)
    if inputs.hash != instance.inputs_hash:
        work.journal.save(replace(instance, phase=Phase.DROPPING), "superseded", "what it is made from has changed meanwhile")
        raise Superseded(f"{instance.node_name} {instance.node_id} is made anew: what it is made from has changed")
    await _finish(work, instance, inputs)


async def _begin(work: Pass, step: Step, implementation: Implementation) -> tuple[Instance, Inputs]:
    """Render what the instance is made from and store the intent to make it."""
    node = work.rendering.infrastructure.nodes[step.node_name]
    inputs = await work.clock.call(work.rendering.inputs, node, implementation, step.node_id, work.journal.instances_of)
    now = work.clock.time()
    instance = Instance(
        infra_id=work.journal.infra_id,
        node_id=step.node_id,
        node_name=step.node_name,
        implementation=implementation.index,
        fingerprint=node.fingerprint(implementation),
        phase=Phase.CREATING,
        created_at=now,
        resource=inputs.storable_resource,
        config_management=inputs.config_management,
        inputs_hash=inputs.hash,
        reason="being created",
        state_since=now,
    )
    return work.journal.save(instance, "creating", f"by {implementation.label}"), inputs


async def _finish(work: Pass, instance: Instance, inputs: Inputs) -> None:
    await _register(work, instance, inputs)
    await _submit(work, instance, inputs)
    current = work.journal.get(instance.node_id) or instance
    ready = await _until_ready(work, current, inputs)
    work.journal.save(replace(ready, phase=Phase.CREATED, failing_since=None, state_since=work.clock.time()), "ready")


async def _register(work: Pass, instance: Instance, inputs: Inputs) -> None:
    section = inputs.config_management
    if not section:
        return
    manager = work.backends.manager(section)
    retrying = work.retrying(instance)
    work.journal.remember_manager(work.backends.manager_key(section))
    node = NodeRegistration(instance.infra_id, instance.node_id, instance.node_name, section, inputs.attributes)
    await work.calls.run(manager, retrying, manager.prepare_infrastructure, instance.infra_id)
    await work.calls.run(manager, retrying, manager.register_node, node)


async def _submit(work: Pass, instance: Instance, inputs: Inputs) -> None:
    handler = work.backends.handler(inputs.resource)

    def call() -> None:
        known = work.journal.get(instance.node_id) or instance
        handle = handler.create(inputs.request(known.handle), work.journal.checkpoint)
        work.journal.checkpoint(handle)

    work.waiting(instance.node_id, "being created")
    await work.calls.run(handler, work.retrying(instance), call)


async def _until_ready(work: Pass, instance: Instance, inputs: Inputs) -> Instance:
    """Poll, at intervals that grow, until the instance is ready."""
    node, _ = work.node_of(instance)
    limit = node.create_timeout or work.policy.create_timeout
    deadline = work.clock.monotonic() + limit
    poller = work.poller(work.backends.handler(inputs.resource))
    interval = work.policy.poll_first
    while True:
        try:
            status = await poller.status(instance.handle, interval)
        except ResourceError as error:
            if not may_pass(error):
                raise
            status = ResourceStatus(NodeState.UNKNOWN, detail=f"its state is not known: {error.message}")
        if status is None:
            raise NotReady("it is gone: its backend no longer knows it")
        if status.unfinished and status.state is NodeState.PENDING:
            await _submit(work, instance, inputs)
        instance = await with_readiness(work, instance, status)
        if instance.state is NodeState.READY:
            return instance
        if instance.state in (NodeState.FAILED, NodeState.SHUTDOWN):
            raise NotReady(f"{instance.state}: {instance.reason}" if instance.reason else str(instance.state))
        work.waiting(instance.node_id, instance.reason)
        if work.clock.monotonic() + interval > deadline:
            raise NotReady(f"not ready within {limit:g} s: {instance.reason or instance.state}", "a longer create_timeout may help")
        interval = min(interval * work.policy.poll_growth, work.policy.poll_longest)
