"""The commands, as a user runs them, at CloudSigma: the package's own example, the one of CloudSigma's blog, and what goes wrong."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import pytest
import yaml
from strict_cloudsigma import EMAIL, FULL, KEY, LIBRARY, POLICY, StrictCloudSigma, invalid, refusal, unknown

from occopus.testing.http import Refusal
from occopus.testing.user import User, until

EXAMPLE = Path(__file__).parents[1] / "examples" / "ping"
README = (Path(__file__).parents[1] / "README.md").read_text()
ZURICH = "https://zrh.cloudsigma.com/api/2.0"


@pytest.fixture
def infra(home: User, site: StrictCloudSigma) -> Path:
    """The example, with the strict site in the place of Zurich, and its definitions imported."""
    folder = home.copy(EXAMPLE, instead={ZURICH: site.url})
    home.run("occopus-import", folder / "nodes" / "node_definitions.yaml")
    return folder / "infra-cloudsigma-ping.yaml"


def user_data(server: Any) -> Any:
    return yaml.safe_load(base64.b64decode(server["meta"]["cloudinit-user-data"]))


def test_the_example_from_building_to_destroying(home: User, infra: Path, site: StrictCloudSigma) -> None:
    infra_id = home.build(infra)
    (receiver,), (sender,) = site.of_node("receiver"), site.of_node("sender")
    address = receiver["runtime"]["nics"][0]["ip_v4"]["uuid"]
    assert user_data(receiver)["write_files"][0]["content"] == "Hello from the receiver!\n"
    assert user_data(sender)["runcmd"] == [f"ping -c 5 {address} > /tmp/ping-result.txt 2>&1"]
    (reported,) = home.report(infra_id, "receiver").values()
    assert (reported["state"], reported["addresses"]) == ("ready", [address])

    home.run("occopus-scale", "-i", infra_id, "-n", "sender", "-c", "+1")
    home.run("occopus-maintain", "-i", infra_id)
    assert len(site.of_node("sender")) == 2

    receiver.update({"status": "stopped", "runtime": None})
    site.ahead = 120.0  # right after its start a server may look stopped
    home.run("occopus-maintain", "-i", infra_id)
    (successor,) = site.of_node("receiver")
    assert successor["uuid"] != receiver["uuid"]
    assert (len(site.servers), len(site.drives)) == (3, 3)

    home.run("occopus-destroy", "-i", infra_id)
    assert (site.is_empty, home.infras, site.refused) == (True, [], [])


def test_the_readme_shows_the_files_of_the_example() -> None:
    for file in EXAMPLE.rglob("*.yaml"):
        assert f"`{file.relative_to(EXAMPLE)}`:\n\n```yaml\n{file.read_text()}```\n" in README


POST = f"""
'node_def:web':
  -
    resource:
      type: cloudsigma
      endpoint: {{endpoint}}
      libdrive_id: {LIBRARY}
      description:
        cpu: 2000
        mem: 2147483648
        pubkeys:
          -
            {KEY}
        nics:
          -
            firewall_policy: {POLICY}
            ip_v4_conf:
              conf: dhcp
    contextualisation:
      type: basic
"""
"""The resource section of CloudSigma's blog post on Occopus, with its values; it leaves open how the node is contextualised."""


def test_the_example_of_the_blog_post(home: User, site: StrictCloudSigma) -> None:
    infra = home.write("infra.yaml", "infra_name: post\nuser_id: me\nnodes:\n- {name: web, type: web}\n")
    home.run("occopus", "validate", infra, home.write("zurich.yaml", POST.format(endpoint=ZURICH)))
    infra_id = home.build(infra, "--nodes", home.write("nodes.yaml", POST.format(endpoint=site.url)))
    (server,) = site.servers.values()
    assert (server["cpu"], server["mem"], server["pubkeys"]) == (2000, 2147483648, [KEY])
    assert server["nics"] == [{"firewall_policy": POLICY, "ip_v4_conf": {"conf": "dhcp"}}]
    home.run("occopus-destroy", "-i", infra_id)
    assert site.is_empty


def test_what_runs_is_taken_over_after_the_store_is_gone(home: User, infra: Path, site: StrictCloudSigma) -> None:
    infra_id = home.build(infra)
    before = sorted(site.servers)
    home.adopt(infra_id, infra, infra.parent / "nodes" / "node_definitions.yaml")
    assert sorted(site.servers) == before
    home.run("occopus", "destroy", "-i", infra_id)
    assert site.is_empty


@pytest.mark.parametrize(
    ("action", "refusal", "said"),
    [
        ("clone", unknown("library-drive"), "Object library-drive does not exist"),
        ("make", invalid("cpu is too fast", "cpu"), "cpu: cpu is too fast"),
        ("start", refusal(402, "billing", "Not enough funds"), "Not enough funds"),
    ],
)
def test_a_build_that_is_refused_is_rolled_back(
    home: User, infra: Path, site: StrictCloudSigma, action: str, refusal: Refusal, said: str
) -> None:
    site.fail[action] = [refusal]
    assert said in home.run("occopus-build", infra, code=1).stderr
    assert (site.is_empty, home.infras) == (True, [])


def test_credentials_that_are_not_accepted(home: User, infra: Path, site: StrictCloudSigma) -> None:
    home.authenticate("cloudsigma", {"email": EMAIL, "password": "a-wrong-password"}, secrets=("a-wrong-password",))
    assert "Authentication failed" in home.run("occopus-build", infra, code=1).stderr
    assert (site.is_empty, home.infras) == (True, [])


SECRETIVE = """
'node_def:secretive':
  - resource:
      type: cloudsigma
      endpoint: URL
      libdrive_id: LIBRARY
      description: {cpu: 2000, mem: 1073741824, vnc_password: "{{variables.password}}", nics: [ip_v4_conf: {conf: dhcp}]}
    contextualisation: {type: cloudinit, context_template: {runcmd: ["login {{variables.password}}"]}}
    health_check: {ping: false}
"""


def test_the_most_talkative_log_tells_no_secret(home: User, site: StrictCloudSigma) -> None:
    secret = "the-password-of-the-machine"
    home.secrets.append(secret)
    home.variables["PASSWORD"] = secret
    log = home.log_everything()
    variables = "variables: {password: !secret {env: PASSWORD}}"
    infra = home.write("infra.yaml", f"infra_name: secretive\nuser_id: me\n{variables}\nnodes:\n- {{name: web, type: secretive}}\n")
    nodes = home.write("nodes.yaml", SECRETIVE.replace("URL", site.url).replace("LIBRARY", LIBRARY))
    infra_id = home.build(infra, "--nodes", nodes)
    (server,) = site.servers.values()
    assert (server["vnc_password"], user_data(server)["runcmd"]) == (secret, [f"login {secret}"])
    home.run("occopus-destroy", "-i", infra_id)
    assert infra_id in log.read_text()
    assert home.secrets_in(log, home.data) == []


PLAIN = """
'node_def:plain':
  - resource: &R
      type: cloudsigma
      endpoint: {url}
      libdrive_id: {library}
      description: {{cpu: 2000, mem: 1073741824, nics: [{{ip_v4_conf: {{conf: dhcp}}}}]}}
    health_check: {{ping: false}}
  - resource:
      <<: *R
      description: {{cpu: 3000, mem: 1073741824, nics: [{{ip_v4_conf: {{conf: dhcp}}}}]}}
    health_check: {{ping: false}}
"""


@pytest.fixture
def many(home: User, site: StrictCloudSigma) -> tuple[Path, str, Path]:
    """Six nodes, to be built side by side."""
    nodes = "- {name: base, type: plain}\n- {name: worker, type: plain, scaling: {min: 5}}\ndependencies: [[worker, base]]\n"
    infra = home.write("infra.yaml", f"infra_name: many\nuser_id: me\nnodes:\n{nodes}")
    return infra, "--nodes", home.write("nodes.yaml", PLAIN.format(url=site.url, library=LIBRARY))


def test_where_there_is_no_room_the_next_implementation_is_taken(home: User, many: Any, site: StrictCloudSigma) -> None:
    infra = home.write("one.yaml", "infra_name: one\nuser_id: me\nnodes:\n- {name: web, type: plain}\n")
    site.fail["start"] = [FULL]
    infra_id = home.build(infra, *many[1:])
    assert (len(site.servers), len(site.drives)) == (1, 1)
    assert "no-capacity" in home.run("occopus", "events", "-i", infra_id).stdout


def test_replies_are_lost_calls_throttled_and_everything_is_slow(home: User, many: Any, site: StrictCloudSigma) -> None:
    site.calm(seed=4)
    site.lost_share, site.throttled_share, site.page = 0.04, 0.04, 4
    site.clone_seconds, site.start_seconds, site.stop_seconds = 0.5, 0.3, 0.3
    infra_id = home.build("--parallelize", *many)
    assert (len(site.servers), len(site.drives)) == (6, 6)
    assert sorted(site.node_ids()) == sorted([*home.report(infra_id, "base"), *home.report(infra_id, "worker")])
    home.run("occopus-destroy", "--parallelize", "-i", infra_id)
    assert (site.is_empty, home.infras) == (True, [])


def test_a_build_is_interrupted(home: User, many: Any, site: StrictCloudSigma) -> None:
    site.clone_seconds = 0.5
    process = home.start("occopus-build", "--parallelize", *many)
    until(lambda: site.actions.count("clone") >= 3, "the third clone")
    home.interrupt(process)
    assert (site.is_empty, home.infras) == (True, [])


@pytest.mark.parametrize(
    "arguments", [["--help"], ["validate", str(EXAMPLE / "infra-cloudsigma-ping.yaml"), str(EXAMPLE / "nodes" / "node_definitions.yaml")]]
)
def test_commands_that_call_nobody_load_no_http_library(home: User, arguments: list[str]) -> None:
    loaded = home.modules_loaded_by(*arguments)
    assert loaded & {"requests", "urllib3", "occopus_cloudsigma.handler"} == set()
    assert ("occopus_cloudsigma.plugin" in loaded) == (arguments != ["--help"])
