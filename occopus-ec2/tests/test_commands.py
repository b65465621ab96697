"""The commands, as a user runs them, on EC2: the package's own example, and what goes wrong."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from strict_ec2 import Error

from occopus.testing.user import User, until

from .conftest import PLAIN, SECRET

EXAMPLE = Path(__file__).parents[1] / "examples" / "ping"
README = (Path(__file__).parents[1] / "README.md").read_text()
AMAZON = "https://ec2.eu-west-1.amazonaws.com"
FULL = Error("InsufficientInstanceCapacity", "We currently do not have sufficient capacity", 500)


@pytest.fixture
def infra(home: User, ec2: Any) -> Path:
    """The example, with the proxy in the place of Amazon, and its definitions imported."""
    folder = home.copy(EXAMPLE, instead={AMAZON: ec2.url})
    home.run("occopus-import", folder / "nodes" / "node_definitions.yaml")
    return folder / "infra-ec2-ping.yaml"


def permissions_in_readme() -> set[str]:
    """The actions that the policy allows."""
    policy = json.loads(README.partition("```json\n")[2].partition("```")[0])
    allowed = [statement["Action"] for statement in policy["Statement"]]
    return {action.removeprefix("ec2:") for each in allowed for action in ([each] if isinstance(each, str) else each)}


def test_the_example_from_building_to_destroying(home: User, infra: Path, ec2: Any, account: Any) -> None:
    infra_id = home.build(infra)
    (receiver,), (sender,) = account.of_node("receiver"), account.of_node("sender")

    assert yaml.safe_load(account.user_data(receiver))["write_files"][0]["content"] == "Hello from the receiver!\n"
    assert yaml.safe_load(account.user_data(sender))["runcmd"] == [f"ping -c 5 {receiver['PrivateIpAddress']} > /tmp/ping-result.txt 2>&1"]
    (node_id,) = home.report(infra_id, "sender")
    assert account.tags(sender) == {
        "Name": f"occopus-ec2-ping-{infra_id[:8]}-sender-{node_id[:8]}",
        "project": "ping",
        "occopus:infra_id": infra_id,
        "occopus:node_id": node_id,
        "occopus:node_name": "sender",
    }

    reported = home.report(infra_id, "receiver")[account.tags(receiver)["occopus:node_id"]]
    assert reported["state"] == "ready"
    home.run("occopus-maintain", "-r", "-i", infra_id, "-f", "receiver", "-o", home.path / "addresses")
    expected = (receiver["PublicDnsName"], receiver["PublicIpAddress"], receiver["PrivateIpAddress"])
    assert (home.path / "addresses").read_text().split() == list(expected)

    home.run("occopus-scale", "-i", infra_id, "-n", "sender", "-c", "+1")
    home.run("occopus-maintain", "-i", infra_id)
    assert len(account.of_node("sender")) == 2

    account.client.stop_instances(InstanceIds=[sender["InstanceId"]])
    account.client.terminate_instances(InstanceIds=[receiver["InstanceId"]])
    assert home.report(infra_id, "sender")[node_id]["state"] == "temp_failed"
    account.client.start_instances(InstanceIds=[sender["InstanceId"]])
    home.run("occopus-maintain", "-i", infra_id)
    (successor,) = account.of_node("receiver")
    assert successor["InstanceId"] != receiver["InstanceId"]
    assert sender["InstanceId"] in [each["InstanceId"] for each in account.of_node("sender")]

    assert ec2.actions.count("RunInstances") == 4
    home.run("occopus-destroy", "-i", infra_id)
    assert (account.instances, home.infras, ec2.refused) == ([], [], [])
    assert permissions_in_readme() == ec2.permissions


def test_the_readme_shows_the_files_of_the_example() -> None:
    for file in EXAMPLE.rglob("*.yaml"):
        assert f"`{file.relative_to(EXAMPLE)}`:\n\n```yaml\n{file.read_text()}```\n" in README


def test_what_runs_is_taken_over_after_the_store_is_gone(home: User, infra: Path, account: Any) -> None:
    infra_id = home.build(infra)
    before = account.node_ids
    home.adopt(infra_id, infra, infra.parent / "nodes" / "node_definitions.yaml")
    assert account.node_ids == before
    home.run("occopus", "destroy", "-i", infra_id)
    assert account.instances == []


def test_a_build_that_ec2_refuses_is_rolled_back(home: User, infra: Path, ec2: Any, account: Any) -> None:
    sender = infra.parent / "nodes" / "node_definitions.yaml"
    sender.write_text(sender.read_text().replace("- resource: *CLOUD", "- resource: {<<: *CLOUD, image_id: ami-nonsense}"))
    said = home.run("occopus-build", infra, "--nodes", sender, code=1).stderr
    assert 'InvalidAMIID.Malformed: Invalid id: "ami-nonsense"' in said
    assert (ec2.actions.count("RunInstances"), account.instances, home.infras) == (2, [], [])


def test_keys_that_ec2_does_not_accept(home: User, infra: Path, ec2: Any, account: Any) -> None:
    ec2.fail["RunInstances"] = [Error("AuthFailure", "AWS was not able to validate the provided access credentials", 401)]
    said = home.run("occopus-build", infra, code=1).stderr
    assert "AuthFailure: AWS was not able to validate the provided access credentials" in said
    assert (ec2.actions.count("RunInstances"), account.instances, home.infras) == (1, [], [])


def test_without_an_entry_the_sdks_own_credentials_are_used(home: User, infra: Path, ec2: Any) -> None:
    home.authentication.unlink()
    said = home.run("occopus-build", infra, code=1).stderr
    assert "Unable to locate credentials" in said
    home.variables |= {"AWS_ACCESS_KEY_ID": "of-the-environment", "AWS_SECRET_ACCESS_KEY": SECRET}
    infra_id = home.build(infra)
    home.run("occopus-destroy", "-i", infra_id)
    assert ec2.keys == {"of-the-environment"}


def test_too_much_user_data_is_noticed_before_anything_is_made(home: User, infra: Path, ec2: Any) -> None:
    template = infra.parent / "nodes" / "cloud_init_sender.yaml"
    template.write_text(template.read_text() + f"  - echo {'x' * 16_384}\n")
    said = home.run("occopus-build", infra, "--nodes", infra.parent / "nodes" / "node_definitions.yaml", code=2).stderr
    assert "ec2 takes 16,384 at most" in said
    assert (ec2.actions, home.infras) == ([], [])


WITH_A_SECRET = """
infra_name: secretive
user_id: me
variables: {password: !secret {env: PASSWORD}}
nodes:
- {name: web, type: secretive}
"""

SECRETIVE = """
'node_def:secretive':
  - resource: {{type: ec2, endpoint: '{url}', regionname: eu-west-1, image_id: ami-12345678, instance_type: t3.micro}}
    health_check: {{ping: false}}
    contextualisation:
      type: cloudinit
      context_template: {{runcmd: ["login {{{{variables.password}}}}"]}}
"""


def test_the_most_talkative_log_tells_no_secret(home: User, ec2: Any, account: Any) -> None:
    password = "the-password-of-the-machine"
    home.variables["PASSWORD"] = password
    home.secrets.append(password)
    log = home.log_everything()
    nodes = home.write("nodes.yaml", SECRETIVE.format(url=ec2.url))
    infra_id = home.build(home.write("infra.yaml", WITH_A_SECRET), "--nodes", nodes)
    assert yaml.safe_load(account.user_data(account.instances[0]))["runcmd"] == [f"login {password}"]
    home.run("occopus-destroy", "-i", infra_id)
    assert infra_id in log.read_text()
    assert home.secrets_in(log, home.data) == []


TWO_WAYS = """
'node_def:either':
  - resource: {{type: ec2, endpoint: '{url}', regionname: eu-west-1, image_id: ami-12345678, instance_type: t3.micro}}
    health_check: {{ping: false}}
  - resource: {{type: ec2, endpoint: '{url}', regionname: eu-west-1, image_id: ami-12345678, instance_type: t3.large}}
    health_check: {{ping: false}}
"""


def test_where_there_is_no_room_the_next_implementation_is_taken(home: User, ec2: Any, account: Any) -> None:
    nodes = home.write("nodes.yaml", TWO_WAYS.format(url=ec2.url))
    infra = home.write("infra.yaml", "infra_name: two\nuser_id: me\nnodes:\n- {name: web, type: either}\n")
    ec2.fail["RunInstances"] = [FULL]
    infra_id = home.build(infra, "--nodes", nodes)
    (instance,) = account.instances
    assert list(home.report(infra_id, "web")) == account.node_ids
    assert ec2.actions.count("RunInstances") == 2
    refused = {"t3.micro": 2, "t3.large": 1}[instance["InstanceType"]]
    (refusal,) = [line for line in home.run("occopus", "events", "-i", infra_id).stdout.splitlines() if "no-capacity" in line]
    assert "InsufficientInstanceCapacity: We currently do not have sufficient capacity" in refusal
    assert f"ec2 #{3 - refused} is tried next" in refusal


MANY = """
infra_name: many
user_id: me
nodes:
- {name: base, type: plain}
- {name: worker, type: plain, scaling: {min: 5}}
dependencies: [[worker, base]]
"""


@pytest.fixture
def many(home: User, ec2: Any) -> tuple[Path, str, Path]:
    """Six instances, to be built side by side."""
    return home.write("infra.yaml", MANY), "--nodes", home.write("nodes.yaml", PLAIN.format(url=ec2.url))


def test_replies_are_lost_calls_throttled_and_instances_hidden(home: User, many: Any, ec2: Any, account: Any) -> None:
    ec2.calm(seed=4)
    ec2.lost_share, ec2.throttled_share, ec2.hidden_for, ec2.ending_for, ec2.page = 0.1, 0.1, 1.0, 0.5, 5
    infra_id = home.build("--parallelize", *many)
    assert ec2.refused == []
    assert sorted(account.node_ids) == sorted([*home.report(infra_id, "base"), *home.report(infra_id, "worker")])
    assert len(account.node_ids) == 6
    home.run("occopus-destroy", "--parallelize", "-i", infra_id)
    assert (account.instances, home.infras) == ([], [])


def test_a_build_is_interrupted(home: User, many: Any, ec2: Any, account: Any) -> None:
    ec2.hidden_for = 2.0
    process = home.start("occopus-build", "--parallelize", *many)
    until(lambda: ec2.actions.count("RunInstances") >= 3, "the third call")
    home.interrupt(process)
    assert (account.instances, home.infras) == ([], [])
