"""What users may write, and what is loaded meanwhile."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from occopus.model.instance import AddressKind, NodeState
from occopus.testing.user import User
from occopus_ec2 import tags
from occopus_ec2.checks import tags_are_a_mapping, tags_are_allowed
from occopus_ec2.machine import Machine
from occopus_ec2.status import status_of

EXAMPLE = Path(__file__).parents[1] / "examples" / "ping"


@pytest.mark.parametrize(
    "written",
    [
        {"a": "1", "b": "true", "c": ""},
        {"a": 1, "b": True, "c": None},
        [["a", 1], ["b", True], ["c", ""]],
        [{"a": "1"}, {"b": True}, ["c", None]],
    ],
)
def test_tags_may_be_written_in_each_form(written: Any) -> None:
    assert list(tags_are_allowed({"tags": written})) == []
    assert tags.read(written) == {"a": "1", "b": "true", "c": ""}


def test_the_list_of_the_original_is_deprecated() -> None:
    (problem,) = tags_are_a_mapping({"tags": [["a", 1]]})
    assert (problem.path, problem.warning) == (("tags",), True)
    assert [list(tags_are_a_mapping(section)) for section in ({"tags": {"a": 1}}, {})] == [[], []]


@pytest.mark.parametrize(
    ("written", "path", "message"),
    [
        ([["a", "b", "c"]], (0,), "must be a pair"),
        (["a"], (0,), "must be a pair"),
        ([{"Key": "a", "Value": "b"}], (0,), "must be a pair"),
        ({"a": ["b"]}, ("a",), "value of the tag 'a' must be text"),
        ({"a": "x" * 257}, ("a",), "at most 256"),
        ({"x" * 129: "a"}, ("x" * 129,), "1 to 128"),
        ({"": "a"}, ("",), "1 to 128"),
        ({"aws:x": "a"}, ("aws:x",), "is reserved"),
        ({"Occopus:node_id": "a"}, ("Occopus:node_id",), "is reserved"),
        ([["a", 1], {"a": 2}], (1, "a"), "given twice"),
        ({str(number): "" for number in range(47)}, (), "4 of them are Occopus's"),
        ({"Name": "x", **{str(number): "" for number in range(47)}}, (), "3 of them are Occopus's"),
    ],
)
def test_tags_that_can_not_be(written: Any, path: tuple[str | int, ...], message: str) -> None:
    (problem,) = tags_are_allowed({"tags": written})
    assert problem.path == ("tags", *path)
    assert message in problem.message


def test_the_most_tags_that_can_be() -> None:
    assert list(tags_are_allowed({"tags": {str(number): "" for number in range(46)}})) == []
    assert list(tags_are_allowed({"tags": {"Name": "x", **{str(number): "" for number in range(46)}}})) == []
    assert list(tags_are_allowed({})) == []


def machine(state: str, number: int = 1, **more: Any) -> Machine:
    return Machine.of({"InstanceId": f"i-{number}", "State": {"Name": state}, **more})


@pytest.mark.parametrize(
    ("state", "expected", "unfinished"),
    [
        ("pending", NodeState.PENDING, False),
        ("running", NodeState.READY, False),
        ("shutting-down", NodeState.SHUTDOWN, True),
        ("terminated", NodeState.SHUTDOWN, False),
        ("stopping", NodeState.TEMP_FAILED, False),
        ("stopped", NodeState.TEMP_FAILED, False),
        ("something-new", NodeState.UNKNOWN, False),
    ],
)
def test_every_state_is_mapped(state: str, expected: NodeState, unfinished: bool) -> None:
    found = status_of([machine(state, StateReason={"Message": "because"})])
    assert (found.state, found.unfinished) == (expected, unfinished)
    assert found.detail == ("" if expected is NodeState.READY else f"{state} (because)")


def test_a_node_is_gone_when_all_its_instances_are() -> None:
    assert status_of([machine("terminated"), machine("running", 2)]).state is NodeState.READY
    assert status_of([machine("terminated"), machine("shutting-down", 2)]).unfinished
    assert not status_of([machine("terminated"), machine("terminated", 2)]).unfinished


def test_addresses_that_exist_in_their_order() -> None:
    found = status_of([machine("running", PublicDnsName="", PublicIpAddress="54.0.0.1", PrivateIpAddress="10.0.0.1")])
    assert [(each.value, each.kind) for each in found.addresses] == [("54.0.0.1", AddressKind.PUBLIC), ("10.0.0.1", AddressKind.PRIVATE)]


@pytest.mark.parametrize(
    "arguments", [["--help"], ["validate", str(EXAMPLE / "infra-ec2-ping.yaml"), str(EXAMPLE / "nodes" / "node_definitions.yaml")]]
)
def test_commands_that_call_nobody_load_no_sdk(arguments: list[str], home: User) -> None:
    loaded = home.modules_loaded_by(*arguments)
    assert [name for name in loaded if name.partition(".")[0] in ("boto3", "botocore", "urllib3", "s3transfer")] == []
    assert ("occopus_ec2.plugin" in loaded) == (arguments != ["--help"])
    assert "occopus_ec2.handler" not in loaded
