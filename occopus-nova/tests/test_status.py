"""Every documented status of a server has its state."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from fake_openstack import SHAPES

from occopus.model.instance import Address, AddressKind, NodeState
from occopus.plugins import ErrorKind
from occopus_nova.status import STATES, refusal, status_of

DOCUMENTED = [
    "ACTIVE",
    "BUILD",
    "DELETED",
    "ERROR",
    "HARD_REBOOT",
    "MIGRATING",
    "PASSWORD",
    "PAUSED",
    "REBOOT",
    "REBUILD",
    "RESCUE",
    "RESIZE",
    "REVERT_RESIZE",
    "SHELVED",
    "SHELVED_OFFLOADED",
    "SHUTOFF",
    "SOFT_DELETED",
    "SUSPENDED",
    "UNKNOWN",
    "VERIFY_RESIZE",
]
"""https://docs.openstack.org/api-guide/compute/server_concepts.html#server-status"""


def server(**more: Any) -> dict[str, Any]:
    return SHAPES["server"] | {"metadata": {}} | more


def test_no_status_is_forgotten() -> None:
    assert sorted(STATES) == sorted(DOCUMENTED)


@pytest.mark.parametrize(
    ("statuses", "state"),
    [
        ("ACTIVE", NodeState.READY),
        ("BUILD REBUILD RESIZE VERIFY_RESIZE MIGRATING", NodeState.PENDING),
        ("ERROR", NodeState.FAILED),
        ("DELETED SOFT_DELETED", NodeState.SHUTDOWN),
        ("SHUTOFF PAUSED SUSPENDED SHELVED SHELVED_OFFLOADED", NodeState.TEMP_FAILED),
        ("UNKNOWN A_STATUS_OF_TOMORROW", NodeState.UNKNOWN),
    ],
    ids=lambda value: value.split()[0],
)
def test_states(statuses: str, state: NodeState) -> None:
    assert {status_of(server(status=status), []).state for status in statuses.split()} == {state}


def test_fault_is_told() -> None:
    status = status_of(server(status="ERROR", fault={"message": "No valid host was found. "}), [])
    assert status.detail == "ERROR: No valid host was found."


def test_twin_counts_only_if_it_was_there_before() -> None:
    """What is ready once is never unfinished again: then it would count as failed, and be replaced."""
    one = server(**{"OS-SRV-USG:launched_at": "2026-01-01T10:00:10.000000"})
    early, late = {"created": "2026-01-01T10:00:09Z"}, {"created": "2026-01-01T10:00:10Z"}
    assert status_of(one, twins=[late]) == status_of(one)
    doubled = status_of(one, twins=[late, early])
    assert (doubled.state, doubled.unfinished, doubled.detail) == (NodeState.PENDING, True, "ACTIVE, beside another one")
    assert status_of(one | {"status": "BUILD", "OS-SRV-USG:launched_at": None}, twins=[late]).unfinished


@pytest.mark.parametrize(
    ("message", "kind"),
    [
        ("No valid host was found. There are not enough hosts available.", ErrorKind.NO_CAPACITY),
        ("Exceeded maximum number of retries. Exhausted all hosts available for retrying build failures.", ErrorKind.NO_CAPACITY),
        ("Quota exceeded for cores: Requested 2, but already used 20 of 20 cores", ErrorKind.QUOTA),
        ("Build of instance x aborted: VolumeLimitExceeded: Maximum number of volumes allowed (10) exceeded for quota.", ErrorKind.QUOTA),
        ("Build of instance x aborted: Requested volume or snapshot exceeds allowed gigabytes quota.", ErrorKind.QUOTA),
    ],
    ids=range(5),
)
def test_refusal_of_a_server_that_never_ran_is_for_create_to_tell(message: str, kind: ErrorKind) -> None:
    failed = server(status="ERROR", fault={"message": message}, **{"OS-SRV-USG:launched_at": None})
    assert (status_of(failed).state, status_of(failed).unfinished) == (NodeState.PENDING, True)
    told = refusal(failed)
    assert told
    assert told.kind is kind
    ran = failed | {"OS-SRV-USG:launched_at": "2026-01-01T10:00:10.000000"}
    assert (status_of(ran).state, refusal(ran)) == (NodeState.FAILED, None)


@pytest.mark.parametrize(("age", "state"), [(0, NodeState.PENDING), (3600, NodeState.FAILED)])
def test_error_without_a_reason_waits_for_it_for_a_moment(age: float, state: NodeState) -> None:
    updated = (datetime.now(UTC) - timedelta(seconds=age)).strftime("%Y-%m-%dT%H:%M:%SZ")
    failed = server(status="ERROR", updated=updated, **{"OS-SRV-USG:launched_at": None})
    assert (status_of(failed).state, status_of(failed).unfinished) == (state, False)
    assert status_of(failed | {"fault": {"message": "broken"}}).state is NodeState.FAILED
    assert status_of(failed | {"OS-SRV-USG:launched_at": "2026-01-01T10:00:10.000000"}).state is NodeState.FAILED


def test_what_is_being_deleted_is_not_ready() -> None:
    assert status_of(server(**{"OS-EXT-STS:task_state": "deleting"}), []).state is NodeState.PENDING


def test_addresses_of_several_networks_floating_first() -> None:
    def entry(address: str, type: str = "fixed") -> dict[str, str]:
        return {"addr": address, "OS-EXT-IPS:type": type}

    networks = {"a": [entry("10.0.0.1"), entry("fd00::1")], "b": [entry("10.1.0.1"), entry("203.0.113.9", "floating")]}
    found = status_of(server(addresses=networks), ["203.0.113.9", "203.0.113.8"]).addresses
    assert [address.value for address in found] == ["203.0.113.9", "203.0.113.8", "10.0.0.1", "fd00::1", "10.1.0.1"]
    assert found[0] == Address("203.0.113.9", AddressKind.PUBLIC)
    assert {address.kind for address in found[2:]} == {AddressKind.PRIVATE}


def test_what_a_cell_that_is_down_leaves_is_unknown() -> None:
    """From microversion 2.69 on such a server has these keys only."""
    known = {key: SHAPES["server"][key] for key in ("id", "tenant_id", "created", "links")}
    assert status_of(known | {"status": "UNKNOWN"}, []).state is NodeState.UNKNOWN
