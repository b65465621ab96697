"""The handler against a cloud that is as strict as EC2, and not always reliable."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from strict_ec2 import Error

from occopus.model.infrastructure import InfraId
from occopus.model.instance import AddressKind, Handle, NodeId, NodeState
from occopus.plugins import CreateRequest, ErrorKind, ResourceError, ResourceStatus, UserData
from occopus.testing.user import until
from occopus_ec2.handler import Ec2Handler
from occopus_ec2.limits import APPEARS_WITHIN

LONG = 60.0


@pytest.fixture
def handler(handler_for: Callable[..., Ec2Handler]) -> Ec2Handler:
    return handler_for()


@pytest.fixture
def request_for(plain_section: dict[str, Any]) -> Callable[..., CreateRequest]:
    def make(text: str | None = None, **changes: Any) -> CreateRequest:
        handle = Handle(InfraId(str(uuid.uuid4())), NodeId(str(uuid.uuid4())), "web")
        return CreateRequest(handle, "occopus-web", {**plain_section, **changes}, UserData(text) if text else None)

    return make


def create(handler: Ec2Handler, request: CreateRequest) -> Handle:
    return handler.create(request, lambda _: None)


def without_ids(handle: Handle) -> Handle:
    return replace(handle, ids={})


def status(handler: Ec2Handler, handle: Handle) -> ResourceStatus | None:
    return handler.describe([handle]).get(handle.node_id)


def remove_as_the_engine_does(handler: Ec2Handler, handle: Handle) -> None:
    handler.drop(handle)

    def gone() -> bool:
        seen = status(handler, handle)
        if seen and seen.unfinished:
            handler.drop(handle)
        return not seen or (seen.state is NodeState.SHUTDOWN and not seen.unfinished)

    until(gone, "the removal", every=0.05)


def test_a_lost_reply_makes_no_second_instance(handler: Ec2Handler, request_for: Any, ec2: Any, account: Any) -> None:
    request = request_for()
    ec2.lose["RunInstances"] = 2
    for _ in range(2):
        with pytest.raises(ResourceError) as raised:
            create(handler, request)
        assert raised.value.kind is ErrorKind.TRANSIENT
    handle = create(handler, request)
    assert [instance["InstanceId"] for instance in account.instances] == [handle.ids["instance_id"]]


@pytest.fixture
def lost(handler_for: Any, request_for: Any, ec2: Any) -> CreateRequest:
    """What was made although nobody was told."""
    request: CreateRequest = request_for()
    ec2.lose["RunInstances"] = 1
    with pytest.raises(ResourceError):
        create(handler_for(), request)
    return request


def test_what_was_made_from_other_parameters_is_found_by_its_mark(handler: Ec2Handler, lost: CreateRequest, ec2: Any, account: Any) -> None:
    handle = create(handler, replace(lost, resource={**lost.resource, "instance_type": "t3.large"}))
    assert (ec2.refused, handle, len(account.instances)) == (["RunInstances: IdempotentParameterMismatch"], lost.handle, 1)
    assert status(handler, handle).state is NodeState.READY


def test_what_was_made_before_and_is_gone_again_is_not_made_again(handler: Ec2Handler, lost: CreateRequest, ec2: Any, account: Any) -> None:
    account.terminate_all()
    handle = create(handler, lost)
    assert (ec2.refused, account.instances) == (["RunInstances: IdempotentInstanceTerminated"], [])
    assert status(handler, handle).state is NodeState.SHUTDOWN


def test_an_instance_that_is_hidden_is_not_gone(handler: Ec2Handler, request_for: Any, ec2: Any) -> None:
    handle = create(handler, request_for())
    ec2.hidden_for = LONG
    seen = status(handler, handle)
    assert seen
    assert (seen.state, seen.unfinished) == (NodeState.UNKNOWN, True)
    ec2.hidden_for = 0.0
    seen = status(handler, handle)
    assert (seen.state, seen.unfinished, seen.detail) == (NodeState.READY, False, "")


def test_an_instance_that_is_hidden_for_long_is_gone(handler: Ec2Handler, request_for: Any, ec2: Any) -> None:
    handle = create(handler, request_for())
    ec2.hidden_for, ec2.ahead = LONG, APPEARS_WITHIN + 5
    assert status(handler, handle) is None


@pytest.mark.parametrize("has_ids", [True, False])
def test_removing_an_instance_that_is_hidden_goes_on_when_it_appears(
    handler_for: Any, request_for: Any, ec2: Any, account: Any, has_ids: bool
) -> None:
    handle = create(handler_for(), request_for())
    ec2.hidden_for = LONG
    handler = handler_for()
    handler.drop(handle if has_ids else without_ids(handle))
    assert len(account.instances) == 1
    ec2.hidden_for = 0.0
    assert status(handler, handle).unfinished
    remove_as_the_engine_does(handler, handle)
    assert (ec2.actions.count("TerminateInstances"), account.instances) == (1 + has_ids, [])


def test_a_removal_waits_for_the_end_and_asks_once(handler: Ec2Handler, request_for: Any, ec2: Any, account: Any) -> None:
    handle = create(handler, request_for())
    ec2.ending_for = 0.5
    begun = time.monotonic()
    remove_as_the_engine_does(handler, handle)
    assert time.monotonic() - begun >= 0.5
    assert (ec2.actions.count("TerminateInstances"), account.instances) == (1, [])


def test_user_data_tags_and_marks_arrive(handler: Ec2Handler, request_for: Any, account: Any) -> None:
    text = "#cloud-config\nruncmd:\n- echo 'é € ☃'\n"
    request = request_for(text, tags=[["owner", "me"], {"count": 3}, ["empty", None]])
    create(handler, request)
    (instance,) = account.instances
    expected = {"Name": "occopus-web", "owner": "me", "count": "3", "empty": "", **request.marks}
    assert account.tags(instance) == expected
    volumes = account.client.describe_volumes()["Volumes"]
    assert [account.tags(volume) for volume in volumes] == [expected]
    assert account.user_data(instance) == text


def test_the_users_name_wins(handler: Ec2Handler, request_for: Any, account: Any) -> None:
    create(handler, request_for(tags={"Name": "mine"}))
    assert account.tags(account.instances[0])["Name"] == "mine"


def test_key_groups_and_subnet_are_used(handler: Ec2Handler, request_for: Any, account: Any) -> None:
    network = account.client.create_vpc(CidrBlock="10.1.0.0/16")["Vpc"]["VpcId"]
    subnet = account.client.create_subnet(VpcId=network, CidrBlock="10.1.0.0/24")["Subnet"]
    group = account.client.create_security_group(GroupName="g", Description="d", VpcId=network)["GroupId"]
    account.client.create_key_pair(KeyName="mykey")
    create(handler, request_for(key_name="mykey", security_group_ids=[group], subnet_id=subnet["SubnetId"]))
    (instance,) = account.instances
    assert (instance["KeyName"], instance["SubnetId"]) == ("mykey", subnet["SubnetId"])
    assert [each["GroupId"] for each in instance["SecurityGroups"]] == [group]


def test_addresses_are_in_order(handler: Ec2Handler, request_for: Any, account: Any) -> None:
    seen = status(handler, create(handler, request_for()))
    assert seen
    (instance,) = account.instances
    assert [(address.value, address.kind) for address in seen.addresses] == [
        (instance["PublicDnsName"], AddressKind.DNS),
        (instance["PublicIpAddress"], AddressKind.PUBLIC),
        (instance["PrivateIpAddress"], AddressKind.PRIVATE),
    ]


def test_a_stopped_instance_may_come_back(handler: Ec2Handler, request_for: Any, account: Any) -> None:
    handle = create(handler, request_for())
    account.client.stop_instances(InstanceIds=[handle.ids["instance_id"]])
    assert status(handler, handle).state is NodeState.TEMP_FAILED


@pytest.fixture
def twins(handler: Ec2Handler, request_for: Any, account: Any) -> Handle:
    """A node with a second instance, as on a cloud that does not honour client tokens."""
    request = request_for()
    create(handler, request)
    marks = [{"Key": key, "Value": value} for key, value in request.marks.items()]
    account.client.run_instances(
        ImageId="ami-12345678", MinCount=1, MaxCount=1, TagSpecifications=[{"ResourceType": "instance", "Tags": marks}]
    )
    return request.handle


def test_a_second_instance_of_a_node_is_not_hidden(handler: Ec2Handler, twins: Handle, account: Any) -> None:
    seen = status(handler, twins)
    assert seen
    assert seen.detail.startswith("2 instances bear its mark")
    assert all(instance["InstanceId"] in seen.detail for instance in account.instances)
    assert list(handler.find(twins.infra_id)) == [twins]


def test_both_instances_of_a_node_are_removed(handler: Ec2Handler, twins: Handle, account: Any) -> None:
    remove_as_the_engine_does(handler, twins)
    assert account.instances == []


def test_what_was_removed_by_hand_takes_no_call_to_remove(handler: Ec2Handler, request_for: Any, ec2: Any, account: Any) -> None:
    handle = create(handler, request_for())
    account.terminate_all()
    assert status(handler, handle).state is NodeState.SHUTDOWN
    handler.drop(handle)
    assert ec2.actions.count("TerminateInstances") == 0


def test_removing_what_ec2_has_forgotten_succeeds(handler: Ec2Handler, request_for: Any, ec2: Any) -> None:
    handle = replace(request_for().handle, ids={"instance_id": "i-0123456789abcdef0", "launch_time": "2020-01-01T00:00:00+00:00"})
    remove_as_the_engine_does(handler, handle)
    assert ec2.actions == ["TerminateInstances", "DescribeInstances"]


def test_a_cloud_that_passes_over_filters_shows_nothing_of_others(handler: Ec2Handler, request_for: Any, ec2: Any, account: Any) -> None:
    mine, other = request_for(), request_for()
    handle = create(handler, mine)
    create(handler, other)
    ec2.passes_over_filters = True
    assert set(handler.describe([handle])) == set(handler.describe([without_ids(handle)])) == {mine.node_id}
    assert list(handler.find(mine.infra_id)) == [handle]
    handler.drop(without_ids(handle))
    assert account.node_ids == [other.node_id]


def test_many_are_described_in_few_calls_and_unknown_ones_hide_none(handler: Ec2Handler, request_for: Any, ec2: Any) -> None:
    known = create(handler, request_for())
    infra_id = known.infra_id
    unknown = [Handle(infra_id, NodeId(f"n{number}"), "web", {"instance_id": f"i-{number:017x}"}) for number in range(449)]
    ec2.actions.clear()
    assert set(handler.describe([*unknown, known])) == {known.node_id}
    assert ec2.actions == ["DescribeInstances"] * 3
    assert ec2.refused == []


def test_every_page_is_read(handler: Ec2Handler, request_for: Any, ec2: Any) -> None:
    first = request_for()
    requests = [replace(first, handle=replace(first.handle, node_id=NodeId(str(uuid.uuid4())))) for _ in range(5)]
    handles = [create(handler, request) for request in requests]
    ec2.page = 2
    assert set(handler.describe(handles)) == set(handler.describe([without_ids(handle) for handle in handles]))
    assert sorted(handler.find(first.infra_id), key=lambda handle: handle.node_id) == sorted(handles, key=lambda handle: handle.node_id)


def test_a_cloud_may_have_a_path(handler_for: Any, request_for: Any, ec2: Any, account: Any) -> None:
    handler = handler_for(endpoint=f"{ec2.url}/services/Cloud")
    handle = create(handler, request_for())
    handler.drop(handle)
    assert (ec2.paths, account.instances) == ({"/services/Cloud"}, [])


@pytest.fixture
def no_aws(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> Iterator[pytest.MonkeyPatch]:
    """An environment in which the SDK finds nothing of a user's own."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE", "AWS_DEFAULT_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    return monkeypatch


def test_keys_come_from_the_authentication_file(handler_for: Any, request_for: Any, ec2: Any, no_aws: pytest.MonkeyPatch) -> None:
    no_aws.setenv("AWS_ACCESS_KEY_ID", "of-the-environment")
    no_aws.setenv("AWS_SECRET_ACCESS_KEY", "x")
    create(handler_for(credentials={"accesskey": "of-the-file", "secretkey": "y"}), request_for())
    assert ec2.keys == {"of-the-file"}


def test_without_an_entry_the_sdk_looks_where_it_always_does(
    handler_for: Any, request_for: Any, ec2: Any, no_aws: pytest.MonkeyPatch
) -> None:
    no_aws.setenv("AWS_ACCESS_KEY_ID", "of-the-environment")
    no_aws.setenv("AWS_SECRET_ACCESS_KEY", "x")
    create(handler_for(credentials={}), request_for())
    assert ec2.keys == {"of-the-environment"}


def test_no_credentials_at_all(handler_for: Any, request_for: Any, no_aws: pytest.MonkeyPatch) -> None:
    with pytest.raises(ResourceError, match="redentials") as raised:
        create(handler_for(credentials={}), request_for())
    assert raised.value.kind is ErrorKind.CREDENTIALS


def test_a_profile_that_is_not_there(handler_for: Any, request_for: Any, no_aws: pytest.MonkeyPatch) -> None:
    no_aws.setenv("AWS_PROFILE", "nobody")
    with pytest.raises(ResourceError, match="nobody") as raised:
        create(handler_for(credentials={}), request_for())
    assert raised.value.kind is ErrorKind.CREDENTIALS


def test_nothing_is_repeated_by_the_sdk(handler: Ec2Handler, request_for: Any, ec2: Any) -> None:
    ec2.fail["RunInstances"] = [Error("RequestLimitExceeded", "Request limit exceeded.", 503, retry_after=7)] * 2
    with pytest.raises(ResourceError) as raised:
        create(handler, request_for())
    assert (raised.value.kind, raised.value.retry_after, len(ec2.actions)) == (ErrorKind.THROTTLED, 7.0, 1)
