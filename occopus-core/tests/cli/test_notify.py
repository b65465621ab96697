"""`occopus notify` as its users know it: set, shown, cleared, delivered; also when whoever delivers is killed."""

from __future__ import annotations

import json
import signal
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest
from receiver import SECRET, Receiver, refusal

from occopus.testing.killing import kill
from occopus.testing.user import User, until

pytestmark = pytest.mark.endurance

URL = "https://hooks.example.org/occopus"

NODES = """
'node_def:plain':
  - resource: {type: local}
    contextualisation:
      type: cloudinit
      context_template: {runcmd: [exec sleep 1000]}
"""

INFRA = "infra_name: test\nuser_id: me\nnodes: [{name: web, type: plain, scaling: {min: 1, max: 5}}]\n"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as receiver:
        yield receiver


@pytest.fixture
def user(occopus_user: User) -> Iterator[User]:
    occopus_user.write("nodes.yaml", NODES)
    occopus_user.write("infra.yaml", INFRA)
    occopus_user.authenticate("webhook", {"secret": SECRET}, section="notifier", secrets=(SECRET,))
    yield occopus_user
    for infra_id in occopus_user.infras:
        occopus_user.run("occopus-destroy", "-i", infra_id)


@pytest.fixture
def infra_id(user: User) -> str:
    return user.build("infra.yaml", "--nodes", "nodes.yaml")


def targets(user: User, infra_id: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(user.run("occopus", "notify", "-i", infra_id, "--json").stdout)
    return found


def kinds(user: User, infra_id: str) -> list[str]:
    lines = user.run("occopus", "events", "-i", infra_id, "--json").stdout.splitlines()
    return [json.loads(line)["kind"] for line in lines]


def keeping(user: User, infra_id: str) -> subprocess.Popen[str]:
    return user.start("occopus-maintain", "-i", infra_id, "-c", "-t", "0.5")


def test_set_shown_and_cleared(user: User, infra_id: str) -> None:
    done = user.run("occopus", "notify", "-i", infra_id)
    assert (done.stdout, done.stderr) == ("", "events go nowhere\n")
    done = user.run("occopus", "notify", "-i", infra_id, "--webhook", URL, "--webhook", f"{URL}/2")
    assert done.stdout == f"webhook  {URL}  (all events)\nwebhook  {URL}/2  (all events)\n"
    user.write("targets.yaml", f"- type: webhook\n  url: {URL}\n  kinds: [failed, destroyed]\n")
    done = user.run("occopus", "notify", "-i", infra_id, "--file", "targets.yaml")
    assert done.stdout == f"webhook  {URL}  (failed, destroyed)\n"
    assert targets(user, infra_id) == [{"type": "webhook", "url": URL, "kinds": ["failed", "destroyed"]}]
    assert user.run("occopus", "notify", "-i", infra_id, "--clear").stderr == "events go nowhere\n"
    assert targets(user, infra_id) == []
    assert kinds(user, infra_id)[-3:] == ["notify-set"] * 3


def test_faults_in_a_file_have_their_places_and_change_nothing(user: User, infra_id: str) -> None:
    user.run("occopus", "notify", "-i", infra_id, "--webhook", URL)
    user.write(
        "targets.yaml", f"- type: webhook\n  url: {URL}\n  secret: {SECRET}\n- type: webhok\n- type: webhook\n  url: file:///etc/passwd\n"
    )
    said = user.run("occopus", "notify", "-i", infra_id, "--file", "targets.yaml", code=2).stderr
    assert "targets.yaml:3:3: error: 'secret' does not belong in a target, which is kept in the open\n  3 |   secret: ********" in said
    assert "targets.yaml:4:9: error: no notifier 'webhok' is installed" in said
    assert "targets.yaml:6:8: error: 'url' must be a URL that begins with http:// or https://" in said
    assert targets(user, infra_id) == [{"type": "webhook", "url": URL}]


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("-i", "none", "--webhook", URL), "there is no infrastructure 'none'"),
        (("-i", "none"), "there is no infrastructure 'none'"),
        (("-i", "none", "--clear", "--webhook", URL), "only one of --webhook, --file and --clear can be given"),
        (("-i", "none", "--file", "nothing.yaml"), "there is no file 'nothing.yaml'"),
        (("--clear",), "Missing option '-i'"),
    ],
)
def test_bad_usage(user: User, options: tuple[str, ...], told: str) -> None:
    assert told in user.run("occopus", "notify", *options, code=2).stderr


def test_events_of_all_commands_are_delivered_while_somebody_maintains(user: User, infra_id: str, receiver: Receiver) -> None:
    log = user.log_everything()
    user.run("occopus", "notify", "-i", infra_id, "--webhook", f"{receiver.url}/a")
    user.run("occopus-scale", "-i", infra_id, "-n", "web", "-c", "+1")
    process = keeping(user, infra_id)
    until(lambda: receiver.kinds("/a")[-1:] == ["ready"], "the second instance")
    assert receiver.kinds("/a")[0] == "scale-requested"
    user.run("occopus", "destroy", "-i", infra_id)
    until(lambda: process.poll() is not None, "the end")
    assert receiver.kinds("/a")[-1] == "destroyed"
    known = kinds(user, infra_id)
    assert receiver.kinds("/a") == known[known.index("notify-set") + 1 :], "each once, in their order, and the last one too"
    assert receiver.refused == []
    process.communicate()
    assert user.secrets_in(log, user.data) == []


def test_ctrl_c_delivers_what_is_there(user: User, infra_id: str, receiver: Receiver) -> None:
    user.run("occopus", "notify", "-i", infra_id, "--webhook", f"{receiver.url}/a", "--webhook", f"{receiver.url}/hangs")
    receiver.hanging.add("/hangs")
    process = keeping(user, infra_id)
    user.run("occopus-scale", "-i", infra_id, "-n", "web", "-c", "+1")
    until(lambda: "scaled" in receiver.kinds("/a"), "the pass")
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=100)
    known = kinds(user, infra_id)
    assert receiver.kinds("/a") == known[known.index("notify-set") + 1 :]


@pytest.mark.parametrize("moment", ["before", "after"])
def test_killed_at_a_request_the_next_one_goes_on(user: User, infra_id: str, receiver: Receiver, moment: str) -> None:
    """Before the receiver has the event, and when it has it and the sender does not know."""
    user.run("occopus", "notify", "-i", infra_id, "--webhook", f"{receiver.url}/a")
    user.run("occopus-scale", "-i", infra_id, "-n", "web", "-c", "+1")
    receiver.hold_at, receiver.holds_before_effect = 2, moment == "before"
    process = keeping(user, infra_id)
    until(receiver.held.is_set, "the third request")
    kill(process)
    receiver.hold_at = None
    receiver.released.set()
    process = keeping(user, infra_id)
    until(lambda: receiver.kinds("/a")[-1:] == ["ready"], "the last one")
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=100)
    known = kinds(user, infra_id)
    wanted = known[known.index("notify-set") + 1 :]
    twice = receiver.kinds("/a")
    ids = [body["id"] for body in receiver.got["/a"]]
    assert sorted(ids) == ids
    assert [body["kind"] for body in {body["id"]: body for body in receiver.got["/a"]}.values()] == wanted
    assert len(twice) - len(wanted) == (0 if moment == "before" else 1), "what was under way comes again, and nothing else does"


def test_what_does_not_arrive_is_told_to_whoever_maintains(user: User, infra_id: str, receiver: Receiver) -> None:
    user.run("occopus", "notify", "-i", infra_id, "--webhook", f"{receiver.url}/a")
    user.run("occopus-scale", "-i", infra_id, "-n", "web", "-c", "+1")
    receiver.fail["/a"] = [refusal(410)]
    process = keeping(user, infra_id)
    until(lambda: "notify-failed" in kinds(user, infra_id), "the failure", every=0.2)
    process.send_signal(signal.SIGINT)
    said = process.communicate(timeout=100)[1]
    assert "'scale-requested' did not reach webhook" in said
    assert "Gone (HTTP status 410)" in said


def test_the_command_loads_no_engine_and_no_http(user: User, infra_id: str) -> None:
    loaded = user.modules_loaded_by("notify", "-i", infra_id, "--webhook", URL)
    assert not {"asyncio", "tenacity", "http.client", "ssl", "occopus.builtin.webhook"} & loaded
