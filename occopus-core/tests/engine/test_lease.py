"""One writer at a time: waiting for it, taking over from the dead, being refused."""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
import threading
from dataclasses import replace
from typing import Any

import pytest

from occopus.engine import session
from occopus.engine.lease import Owner, held_lease
from occopus.errors import Interrupted, LeaseHeld, LeaseLost
from occopus.model.infrastructure import InfraId
from occopus.model.instance import NodeId
from occopus.store.base import Lease, Store

INFRA = InfraId("infra-1")
OTHER = str(Owner.new()._replace(host="elsewhere", place="another-machine", unique="1"))


def owner_that_died() -> str:
    """A process of this machine that has ended."""
    child = subprocess.Popen([sys.executable, "-c", ""])
    child.wait()
    return str(Owner.new()._replace(pid=child.pid))


def hold(bench: Any, **policy: float) -> str:
    """The owner that the store names while a session holds the lease."""

    async def go() -> str:
        services = bench.services(policy=replace(bench.policy, **policy))
        async with held_lease(services, INFRA, asyncio.Event()) as (lease, _):
            return lease.owner

    return asyncio.run(go())


def test_the_owner_says_which_process_it_is(bench: Any) -> None:
    owner = Owner.parse(hold(bench))
    assert owner is not None
    assert (owner.host, owner.pid) == (socket.gethostname(), os.getpid())
    assert not owner.has_died


def test_a_lease_is_given_back(bench: Any) -> None:
    hold(bench)
    assert bench.store.acquire(INFRA, "the next", 1).owner == "the next"


@pytest.mark.parametrize(
    ("owner", "named"),
    [(OTHER, f"process {Owner.new().pid} on elsewhere"), ("another program", "another program")],
    ids=["ours", "strange"],
)
def test_who_holds_it_is_said_when_patience_is_over(bench: Any, owner: str, named: str) -> None:
    bench.store.acquire(INFRA, owner, 100)
    with pytest.raises(LeaseHeld, match=f"another command works on infra-1: {named}") as raised:
        hold(bench, lease_patience=0.3)
    assert raised.value.owner == owner
    assert bench.waits[0] == ("", f"another command works on this infrastructure ({named}); waiting for it")


def test_it_is_waited_for(bench: Any) -> None:
    lease = bench.store.acquire(INFRA, OTHER, 100)
    waiting = threading.Thread(target=hold, args=(bench,))
    waiting.start()
    while not bench.waits:
        waiting.join(0.01)
    bench.store.release(lease)
    waiting.join(20)
    assert not waiting.is_alive()


def test_waiting_ends_when_the_user_stops_it(bench: Any) -> None:
    bench.store.acquire(INFRA, OTHER, 1000)
    with pytest.raises(Interrupted, match="waiting for process"):
        bench.build(bench.infra("db"), stop_when=lambda: bool(bench.waits))
    assert bench.made == []


def test_the_dead_are_not_waited_for(bench: Any) -> None:
    bench.store.acquire(INFRA, owner_that_died(), 1000)
    hold(bench)
    assert bench.waits == []


def test_who_may_live_elsewhere_is_not_taken_for_dead(bench: Any) -> None:
    """The number of a process means nothing on another machine or in another container, also where the host has the same name."""
    pid = Owner.parse(owner_that_died())
    assert pid is not None
    bench.store.acquire(INFRA, str(pid._replace(place="another-container")), 1000)
    with pytest.raises(LeaseHeld):
        hold(bench, lease_patience=0.2)


def test_it_is_kept_up_while_the_work_goes_on(bench: Any) -> None:
    async def go() -> None:
        services = bench.services(policy=replace(bench.policy, lease_seconds=0.6))
        async with held_lease(services, INFRA, asyncio.Event()) as (lease, _):
            until = asyncio.get_running_loop().time() + 1.5
            while asyncio.get_running_loop().time() < until:
                await asyncio.sleep(0.05)
            bench.store.write([], lease)
            with pytest.raises(LeaseHeld):
                bench.store.acquire(INFRA, "the next", 1)

    asyncio.run(go())


def steal_from_whoever_holds(store: Store) -> Lease:
    with pytest.raises(LeaseHeld) as held:
        store.acquire(INFRA, "a thief", 1000)
    return store.acquire(INFRA, "a thief", 1000, instead_of=held.value.owner)


def test_who_lost_its_lease_is_refused_at_its_next_write_and_does_not_roll_back(bench: Any) -> None:
    def steal(kind: str, moment: str, nodes: tuple[NodeId, ...]) -> None:
        if (kind, moment, bench.cloud.calls["create"]) == ("create", "before", 2) and not stolen:
            stolen.append(steal_from_whoever_holds(bench.store))

    stolen: list[Any] = []
    bench.cloud.hook = steal
    wanted = bench.infra("db", "app", "web", depends=["app>db", "web>app"])
    with pytest.raises(LeaseLost):
        bench.build(wanted)
    assert bench.cloud.calls["drop"] == 0
    assert "web" not in bench.made
    assert bench.store.acquire(INFRA, "a thief", 1000).fence == stolen[0].fence, "nor does it give back what is another's"
    bench.store.release(stolen[0])
    bench.build(wanted)
    assert (bench.made, bench.machines) == (["app", "db", "web"], ["app", "db", "web"])


def test_when_it_is_lost_steps_that_only_wait_end_too(bench: Any) -> None:
    """One step finds out; the other would wait for its machine for a long time."""
    bench.policy = replace(bench.policy, parallelism=8, create_timeout=1000.0)
    bench.cloud.pending.add("slow")

    def steal(kind: str, moment: str, nodes: tuple[NodeId, ...]) -> None:
        if bench.made == ["quick", "slow"] and not stolen:
            stolen.append(steal_from_whoever_holds(bench.store))

    stolen: list[Any] = []
    bench.cloud.hook = steal
    with pytest.raises(LeaseLost):
        bench.build(bench.infra("quick", "slow"))


def test_two_builds_of_the_same_infrastructure_make_it_once(bench: Any) -> None:
    wanted = bench.infra("db", "app", depends=["app>db"])
    threads = [threading.Thread(target=bench.build, args=(wanted,)) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert (bench.made, bench.machines) == (["app", "db"], ["app", "db"])


def test_two_infrastructures_do_not_wait_for_each_other(bench: Any) -> None:
    bench.store.acquire("infra-1", OTHER, 1000)
    services = bench.services()
    asyncio.run(session.build(services, InfraId("infra-2"), bench.infra("db"), asyncio.Event()))
    assert all(node_id for node_id, _ in bench.waits)
    services.clock.close()


def test_who_lost_its_lease_does_not_go_on_waiting(bench: Any) -> None:
    """Nothing is written while a machine is waited for, so no write would tell."""

    def steal(kind: str, moment: str, nodes: tuple[NodeId, ...]) -> None:
        if (kind, moment) == ("describe", "after") and not stolen:
            stolen.append(steal_from_whoever_holds(bench.store))

    stolen: list[Any] = []
    bench.cloud.hook, bench.cloud.pending = steal, {"db"}
    with pytest.raises(LeaseLost):
        bench.build(bench.infra("db"), policy=replace(bench.policy, lease_seconds=0.3, create_timeout=600))
    assert bench.machines == ["db"]
