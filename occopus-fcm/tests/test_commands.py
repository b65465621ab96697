"""FCM as its users know it: the commands of the README, with an infrastructure on this machine."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator

import pytest
from strict_fcm import DEVICE, GONE, PRIVATE_KEY, StrictFcm

from occopus.testing.user import User, until

NODES = "'node_def:plain':\n  - resource: {type: local}\n"
INFRA = "infra_name: test\nuser_id: me\nnodes: [{name: web, type: plain, scaling: {min: 1, max: 5}}]\n"


@pytest.fixture
def user(occopus_user: User, fcm: StrictFcm) -> Iterator[User]:
    occopus_user.write("nodes.yaml", NODES)
    occopus_user.write("infra.yaml", INFRA)
    occopus_user.write("firebase.json", json.dumps(fcm.service_account)).chmod(0o600)
    entry = f"{{type: fcm, auth_data: {{service_account: !secret {{file: ~/firebase.json}}, endpoint: '{fcm.url}'}}}}"
    occopus_user.write(".occopus/auth_data.yaml", f"notifier: [{entry}]\n").chmod(0o600)
    occopus_user.secrets.extend([*PRIVATE_KEY.splitlines()[1:-1], "ya29.access"])
    yield occopus_user
    for infra_id in occopus_user.infras:
        occopus_user.run("occopus-destroy", "-i", infra_id)


def test_events_reach_devices_and_nobody_is_told_the_key(user: User, fcm: StrictFcm) -> None:
    log = user.log_everything()
    infra_id = user.build("infra.yaml", "--nodes", "nodes.yaml")
    devices = [f"- {{type: fcm, token: '{token}', kinds: [scaled]}}\n" for token in (DEVICE, GONE)]
    user.write("targets.yaml", "".join(["- {type: fcm, topic: news}\n", *devices]))
    shown = user.run("occopus", "notify", "-i", infra_id, "--file", "targets.yaml").stdout
    assert "fcm  news  (all events)" in shown
    user.run("occopus-scale", "-i", infra_id, "-n", "web", "-c", "+1")
    process = user.start("occopus-maintain", "-i", infra_id, "-c", "-t", "0.5")
    until(lambda: fcm.data and fcm.data[-1]["kind"] == "ready", "the second instance")
    until(lambda: "notify-failed" in user.run("occopus", "events", "-i", infra_id).stdout, "the failure", every=0.2)
    process.send_signal(signal.SIGINT)
    said = "".join(process.communicate(timeout=100))
    assert "[UNREGISTERED]" in said
    assert [message["data"]["kind"] for message in fcm.got if "token" in message] == ["scaled"]
    assert next(message["data"]["kind"] for message in fcm.got if "topic" in message) == "scale-requested"
    assert not [secret for secret in user.secrets if secret in said]
    assert user.secrets_in(log, user.data) == []


def test_faults_in_targets_are_shown(user: User) -> None:
    infra_id = user.build("infra.yaml", "--nodes", "nodes.yaml")
    user.write("targets.yaml", "- type: fcm\n  topic: news\n  service_account: {private_key: a-key-that-is-misplaced}\n- type: fcm\n")
    said = user.run("occopus", "notify", "-i", infra_id, "--file", "targets.yaml", code=2).stderr
    assert "targets.yaml:3:3: error: 'service_account' does not belong in a target" in said
    assert "targets.yaml:4:3: error: one of 'token' and 'topic' says who gets the messages" in said
    assert "misplaced" not in said


def test_nothing_of_google_is_loaded_before_it_is_needed(user: User) -> None:
    infra_id = user.build("infra.yaml", "--nodes", "nodes.yaml")
    user.write("targets.yaml", "- {type: fcm, topic: news}\n")
    loaded = user.modules_loaded_by("notify", "-i", infra_id, "--file", "targets.yaml")
    assert "occopus_fcm.plugin" in loaded
    assert not {"google", "google.auth", "requests", "cryptography", "occopus_fcm.notifier"} & loaded
