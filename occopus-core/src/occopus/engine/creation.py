"""Makes one instance: intent into the store, the call to its backend, then waiting until it is ready."""

from __future__ import annotations

from dataclasses import replace

from occopus.engine.calls import Retrying, may_pass
from occopus.engine.context import Pass
from occopus.engine.readiness import Configured, configured_by, with_readiness
from occopus.engine.removal import remove
from occopus.errors import OccopusError
from occopus.model.instance import Handle, Instance, NodeId, NodeState, Phase
from occopus.model.node import Implementation, Node, Section
from occopus.model.plan import Step
from occopus.plugins.config_manager import ConfigManager, NodeRegistration
from occopus.plugins.resource import ErrorKind, ResourceError, ResourceStatus
from occopus.rendering.inputs import Inputs

REFUSALS = frozenset({ErrorKind.NO_CAPACITY, ErrorKind.QUOTA, ErrorKind.CREDENTIALS, ErrorKind.INVALID})
"""Answers of a backend that did not do what it was asked for. One that lets nobody in says nothing of what it was asked for before."""


class NotReady(OccopusError):
    """An instance failed or ran out of time before it was ready."""


async def create(work: Pass, step: Step) -> None:
    """Make a new instance; where a backend has no capacity, by the node's next implementation."""
    node = work.rendering.infrastructure.nodes[step.node_name]
    await _make(work, step, node, next(i for i in node.implementations if i.index == step.implementation))


async def resume(work: Pass, step: Step) -> None:
    """Finish an instance whose creation was begun by an earlier command; make it anew where it would not be made in the same way."""
    assert step.instance is not None, "a plan resumes what exists"  # noqa: S101
    instance = step.instance
    node, implementation = work.node_of(instance)
    inputs = await _rendered(work, node, implementation, instance.node_id)
    if inputs.hash == instance.inputs_hash:
        await _make(work, step, node, implementation, (instance, inputs))
        return
    await remove(work, instance, "what it is made from has changed since its creation was begun")
    await _make(work, _anew(work, step), node, implementation)


async def _make(work: Pass, step: Step, node: Node, implementation: Implementation, begun: tuple[Instance, Inputs] | None = None) -> None:
    left = list(node.implementations)
    while True:
        left.remove(implementation)
        instance, inputs = begun or await _begin(work, step, node, implementation)
        try:
            return await _finish(work, instance, inputs, is_new=begun is None)
        except ResourceError as error:
            if error.kind is not ErrorKind.NO_CAPACITY or not left:
                raise
            refusal = error.message
        implementation = work.clock.random.choice(left)
        await work.journal.note("no-capacity", instance, f"{refusal}; {implementation.label} is tried next")
        await remove(work, instance, refusal)
        step, begun = _anew(work, step), None


def _anew(work: Pass, step: Step) -> Step:
    """The step with another instance to make: an id once used may still be known to a backend with what it was used for."""
    node_id = work.begun[step.id] = NodeId(work.clock.new_id())
    return replace(step, node_id=node_id)


async def _rendered(work: Pass, node: Node, implementation: Implementation, node_id: NodeId) -> Inputs:
    return await work.clock.call(work.rendering.inputs, node, implementation, node_id, work.journal.instances_of)


async def _begin(work: Pass, step: Step, node: Node, implementation: Implementation) -> tuple[Instance, Inputs]:
    """Render what the instance is made from and store the intent to make it."""
    inputs = await _rendered(work, node, implementation, step.node_id)
    section = inputs.config_management
    now = work.clock.time()
    instance = Instance(
        infra_id=work.journal.infra_id,
        node_id=step.node_id,
        node_name=step.node_name,
        implementation=implementation.index,
        fingerprint=work.rendering.infrastructure.fingerprint(node, implementation),
        phase=Phase.CREATING,
        created_at=now,
        resource=inputs.storable_resource,
        config_management=work.backends.manager_key(section) if section else None,
        inputs_hash=inputs.hash,
        origin=step.reason,
        asked_at=now,
        reason="being created",
        state_since=now,
    )
    return await work.journal.save(instance, "creating", f"by {implementation.label}: {step.reason}"), inputs


async def _finish(work: Pass, instance: Instance, inputs: Inputs, *, is_new: bool) -> None:
    work.submitted[instance.node_id] = instance
    try:
        await _register(work, instance, inputs)
    except ResourceError:
        if is_new:
            await work.journal.save(replace(work.journal.latest(instance), asked_at=None))  # its backend was never asked for it
        raise
    ready = await _until_ready(work, await _submit(work, instance, inputs, is_new=is_new), inputs)
    ready = replace(ready, phase=Phase.CREATED, failing_since=None, state_since=work.clock.time())
    await work.journal.save(ready, "ready", ready.in_place_of)


async def _register(work: Pass, instance: Instance, inputs: Inputs) -> None:
    section = inputs.config_management
    if not section:
        return
    manager = work.backends.manager(section)
    retrying = work.retrying(instance)
    await _introduce(work, manager, section, retrying)
    node = NodeRegistration(instance.infra_id, instance.node_id, instance.node_name, section, inputs.attributes)
    await work.calls.run(manager, retrying, manager.register_node, node)


async def _introduce(work: Pass, manager: ConfigManager, section: Section, retrying: Retrying) -> None:
    """Make the infrastructure known to a config manager. One that lets nobody in at once knows nothing of it, and need not forget it."""
    known_as = work.backends.manager_key(section)
    is_new = await work.journal.remember_manager(known_as)
    times_asked = 0

    def prepare() -> None:
        nonlocal times_asked
        times_asked += 1
        manager.prepare_infrastructure(work.journal.infra_id)

    try:
        await work.calls.run(manager, retrying, prepare)
    except ResourceError as error:
        if error.kind is ErrorKind.CREDENTIALS and is_new and times_asked == 1:
            await work.journal.forget_manager(known_as)
        raise
    await work.journal.remember_manager(known_as)  # another step may have been turned away


async def _submit(work: Pass, instance: Instance, inputs: Inputs, *, is_new: bool) -> Instance:
    """Ask the backend to begin or to go on; the instance with the ids that are known then. Of one that `is_new` nobody was asked before."""
    handler = work.backends.handler(inputs.resource)
    times_asked = 0 if is_new else 1

    def checkpoint(handle: Handle) -> None:
        work.submitted[handle.node_id] = replace(instance, ids=dict(handle.ids))
        work.journal.checkpoint(handle)

    def call() -> None:
        nonlocal times_asked
        times_asked += 1
        asked = work.submitted[instance.node_id] = work.journal.asking(instance)
        checkpoint(handler.create(inputs.request(asked.handle), checkpoint))

    work.waiting(instance.node_id, "being created")
    try:
        await work.calls.run(handler, work.retrying(instance), call)
    except ResourceError as error:
        if error.kind in REFUSALS and (error.kind is not ErrorKind.CREDENTIALS or times_asked == 1):
            await work.journal.save(replace(work.journal.latest(instance), asked_at=None))
        raise
    return work.journal.latest(instance)


async def _until_ready(work: Pass, instance: Instance, inputs: Inputs) -> Instance:
    """Poll, at intervals that grow, until the instance is ready."""
    node, implementation = work.node_of(instance)
    limit = node.create_timeout or implementation.create_timeout or work.policy.create_timeout
    begun = work.clock.monotonic()
    interval = work.policy.poll_first
    appeared = False
    while True:
        status = await _status(work, instance, inputs, interval)
        passed = work.clock.monotonic() - begun
        if status is None and (appeared or passed >= work.appears_within(instance)):
            raise NotReady("it is gone: its backend no longer knows it")
        appeared = appeared or status is not None
        instance = await _step_on(work, instance, inputs, status or NOT_YET)
        if instance.state is NodeState.READY:
            return instance
        if instance.state in (NodeState.FAILED, NodeState.SHUTDOWN):
            raise NotReady(f"{instance.state}: {instance.reason}" if instance.reason else str(instance.state))
        work.waiting(instance.node_id, instance.reason)
        if passed >= limit:
            raise NotReady(f"not ready within {limit:g} s: {instance.reason or instance.state}", "a longer create_timeout may help")
        interval = max(work.policy.poll_first, min(interval * work.policy.poll_growth, work.policy.poll_longest, limit - passed))


NOT_YET = ResourceStatus(NodeState.PENDING, detail="its backend does not show it yet")


async def _status(work: Pass, instance: Instance, inputs: Inputs, after: float) -> ResourceStatus | None:
    try:
        return await work.poller(work.backends.handler(inputs.resource)).status(instance.handle, after)
    except ResourceError as error:
        return _unknown(error)


async def _step_on(work: Pass, instance: Instance, inputs: Inputs, status: ResourceStatus) -> Instance:
    """The instance as it is now; where its backend is ready for the next step of making it, that is taken."""
    if status.unfinished and status.state is NodeState.PENDING:
        instance = await _submit(work, instance, inputs, is_new=False)
    try:
        return await with_readiness(work, instance, status, await configured_now(work, instance, status))
    except ResourceError as error:
        return await with_readiness(work, instance, _unknown(error), {})


async def configured_now(work: Pass, instance: Instance, status: ResourceStatus) -> Configured:
    """How far the instance's config manager is, where it has one and its machine runs."""
    if status.state is not NodeState.READY or not instance.config_management:
        return {}
    return await configured_by(work, work.backends.manager(instance.config_management), [instance])


def _unknown(error: ResourceError) -> ResourceStatus:
    """What is known where a look failed; an error that will not pass is raised."""
    if not may_pass(error):
        raise error
    return ResourceStatus(NodeState.UNKNOWN, detail=f"its state is not known: {error.message}")
