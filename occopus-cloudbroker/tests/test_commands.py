"""The commands, as a user runs them, at CloudBroker: the package's own example, and what goes wrong."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import pytest
import yaml
from strict_cloudbroker import EMAIL, KNOWN, StrictCloudBroker, refusal

from occopus.testing.user import User, until

EXAMPLE = Path(__file__).parents[1] / "examples" / "hello"
README = (Path(__file__).parents[1] / "README.md").read_text()
VALUES = dict(zip(KNOWN.values(), (f"0a1b2c3d-0000-4000-8000-00000000000{number}" for number in (1, 2, 3)), strict=True))


@pytest.fixture
def infra(home: User, site: StrictCloudBroker) -> Path:
    """The example, with the strict platform in its place, and its definitions imported."""
    known = {written: known for known, written in VALUES.items()}
    folder = home.copy(EXAMPLE, instead={"https://platform.example.org": site.url, **known})
    home.run("occopus-import", folder / "nodes" / "node_definitions.yaml")
    return folder / "infra-cloudbroker-hello.yaml"


def test_the_example_from_building_to_destroying(home: User, infra: Path, site: StrictCloudBroker) -> None:
    infra_id = home.build(infra)
    (machine,) = site.alive
    assert yaml.safe_load(base64.b64decode(machine.asked["cloud-init"]))["write_files"][0]["content"] == "Hello from Occopus!\n"
    (reported,) = home.report(infra_id, "hello").values()
    assert (reported["state"], reported["addresses"]) == ("ready", [machine.address, "10.0.0.1"])

    home.run("occopus-scale", "-i", infra_id, "-n", "hello", "-c", "+1")
    home.run("occopus-maintain", "-i", infra_id)
    assert len(site.alive) == 2

    machine.status = "halted"
    home.run("occopus-maintain", "-i", infra_id)
    assert (len(site.alive), machine in site.alive) == (2, False)

    home.run("occopus-destroy", "-i", infra_id)
    assert (site.alive, home.infras, site.refused) == ([], [], [])


def test_the_readme_shows_the_files_of_the_example() -> None:
    for file in EXAMPLE.rglob("*.yaml"):
        assert f"`{file.relative_to(EXAMPLE)}`:\n\n```yaml\n{file.read_text()}```\n" in README


def test_what_runs_is_taken_over_after_the_store_is_gone(home: User, infra: Path, site: StrictCloudBroker) -> None:
    infra_id = home.build(infra)
    home.adopt(infra_id, infra, infra.parent / "nodes" / "node_definitions.yaml")
    assert len(site.machines) == 1
    home.run("occopus", "destroy", "-i", infra_id)
    assert site.alive == []


def test_a_build_that_is_refused_is_rolled_back(home: User, infra: Path, site: StrictCloudBroker) -> None:
    site.fail["make"] = [refusal(422, "key_pair_id is not known")]
    assert "key_pair_id is not known" in home.run("occopus-build", infra, code=1).stderr
    assert (site.alive, home.infras) == ([], [])


def test_credentials_that_are_not_accepted(home: User, infra: Path, site: StrictCloudBroker) -> None:
    home.authenticate("cloudbroker", {"email": EMAIL, "password": "a-wrong-password"}, secrets=("a-wrong-password",))
    assert "Access denied" in home.run("occopus-build", infra, code=1).stderr
    assert (site.machines, home.infras) == ({}, [])


SECRETIVE = """
'node_def:secretive':
  - resource: {type: cloudbroker, endpoint: URL, description: {deployment_id: a-deployment, instance_type_id: a-type}}
    contextualisation: {type: cloudinit, context_template: {runcmd: ["login {{variables.password}}"]}}
    health_check: {ping: false}
"""


def test_the_most_talkative_log_tells_no_secret(home: User, site: StrictCloudBroker) -> None:
    secret = "the-password-of-the-machine"
    home.secrets.append(secret)
    home.variables["PASSWORD"] = secret
    log = home.log_everything()
    variables = "variables: {password: !secret {env: PASSWORD}}"
    infra = home.write("infra.yaml", f"infra_name: secretive\nuser_id: me\n{variables}\nnodes:\n- {{name: web, type: secretive}}\n")
    infra_id = home.build(infra, "--nodes", home.write("nodes.yaml", SECRETIVE.replace("URL", site.url)))
    (machine,) = site.alive
    assert yaml.safe_load(base64.b64decode(machine.asked["cloud-init"]))["runcmd"] == [f"login {secret}"]
    home.run("occopus-destroy", "-i", infra_id)
    assert infra_id in log.read_text()
    assert home.secrets_in(log, home.data) == []


@pytest.fixture
def many(home: User, site: StrictCloudBroker) -> tuple[Path, str, Path]:
    """Six nodes, to be built side by side."""
    nodes = "- {name: base, type: secretive}\n- {name: worker, type: secretive, scaling: {min: 5}}\ndependencies: [[worker, base]]\n"
    infra = home.write("infra.yaml", f"infra_name: many\nuser_id: me\nvariables: {{password: none}}\nnodes:\n{nodes}")
    return infra, "--nodes", home.write("nodes.yaml", SECRETIVE.replace("URL", site.url))


def test_replies_are_lost_calls_throttled_and_everything_is_slow(home: User, many: Any, site: StrictCloudBroker) -> None:
    site.calm(seed=4)
    site.lost_share, site.throttled_share = 0.05, 0.05
    site.start_seconds = site.stop_seconds = 0.4
    infra_id = home.build("--parallelize", *many)
    assert sorted(site.node_ids()) == sorted([*home.report(infra_id, "base"), *home.report(infra_id, "worker")])
    assert len(site.alive) == 6
    home.run("occopus-destroy", "--parallelize", "-i", infra_id)
    assert (site.alive, home.infras) == ([], [])


def test_a_build_is_interrupted(home: User, many: Any, site: StrictCloudBroker) -> None:
    site.start_seconds = 0.5
    process = home.start("occopus-build", "--parallelize", *many)
    until(lambda: site.actions.count("make") >= 3, "the third instance")
    home.interrupt(process)
    assert (site.alive, home.infras) == ([], [])


@pytest.mark.parametrize(
    "arguments", [["--help"], ["validate", str(EXAMPLE / "infra-cloudbroker-hello.yaml"), str(EXAMPLE / "nodes" / "node_definitions.yaml")]]
)
def test_commands_that_call_nobody_load_no_http_library(home: User, arguments: list[str]) -> None:
    loaded = home.modules_loaded_by(*arguments)
    assert loaded & {"requests", "urllib3", "defusedxml", "occopus_cloudbroker.handler"} == set()
    assert ("occopus_cloudbroker.plugin" in loaded) == (arguments != ["--help"])
