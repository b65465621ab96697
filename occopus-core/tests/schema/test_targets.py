"""Targets of notifications are checked like all that users write, and hold no secrets."""

from __future__ import annotations

from importlib.metadata import entry_points
from typing import Any

import pytest

from occopus.diagnostics import Diagnostics
from occopus.plugins.loading import load_plugins
from occopus.plugins.reach import Address, anywhere, public_only
from occopus.schema.checking import Reporter, nowhere
from occopus.schema.composition import Composition
from occopus.schema.targets import check_targets

HOOK = {"type": "webhook", "url": "https://hooks.example.org/occopus"}


def faults(sections: Any, may_reach: Any = anywhere) -> list[str]:
    diagnostics = Diagnostics()
    ours = [each for each in entry_points(group="occopus") if each.dist and each.dist.name == "occopus-core"]  # whatever else is installed
    check_targets(sections, Composition(load_plugins(ours)), Reporter(diagnostics, nowhere), may_reach)
    return [f"{fault.message} | {fault.hint}" if fault.hint else fault.message for fault in diagnostics.faults]


@pytest.mark.parametrize("sections", [[], [HOOK], [HOOK, {**HOOK, "kinds": ["failed"]}], [{**HOOK, "url": "http://10.0.0.1:80/a?b=c"}]])
def test_what_is_right(sections: Any) -> None:
    assert faults(sections) == []


@pytest.mark.parametrize(
    ("sections", "told"),
    [
        ({"type": "webhook"}, "where events go is a list of targets, not a mapping | each begins with '- type: ...'"),
        (None, "where events go is a list of targets, not nothing | each begins with '- type: ...'"),
        (["https://hooks.example.org"], "a target is a mapping with 'type', not 'https://hooks.example.org'"),
        ([{"url": HOOK["url"]}], "the key 'type' of notifier is missing | expected one of: webhook"),
        ([{**HOOK, "type": ["webhook"]}], "the key 'type' of notifier must be a name, not a list | expected one of: webhook"),
        ([{**HOOK, "type": "webhok"}], "no notifier 'webhok' is installed | did you mean 'webhook'?"),
        ([{**HOOK, "type": "fcm"}], "no notifier 'fcm' is installed | pip install occopus-fcm"),
        ([{**HOOK, "ulr": "x"}], "unknown key 'ulr' | did you mean 'url'?"),
        ([{**HOOK, "kinds": "failed"}], "'kinds' must be a list, not 'failed'"),
        ([{**HOOK, "kinds": []}], "'kinds' must have at least 1 item, not 0"),
        ([{**HOOK, "kinds": ["failed", 7]}], "item 2 of 'kinds' must be text, not 7"),
        ([{"type": "webhook"}], "the key 'url' is missing | Where events are sent to. It is kept in the open and shown."),
        ([{**HOOK, "url": "{{ variables.url }}"}], f"'url' must be a URL that begins with http:// or https:// | {HOOK['url']} for example"),
        ([HOOK, dict(HOOK)], "the same target stands here twice"),
        ([{**HOOK, "url": f"https://hooks.example.org/{n}"} for n in range(21)], "there are 21 targets; an infrastructure may have 20"),
        ([{**HOOK, 7: "x"}], "unknown key '7' | expected one of: kinds, type, url"),
    ],
)
def test_what_is_wrong(sections: Any, told: str) -> None:
    assert faults(sections) == [told]


def test_a_secret_belongs_elsewhere() -> None:
    [told] = faults([{**HOOK, "secret": "the-word-that-both-sides-know"}])
    assert told == (
        "'secret' does not belong in a target, which is kept in the open"
        " | its place is in the authentication file: 'notifier: [{type: webhook, auth_data: {secret: ...}}]'"
    )


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "10.0.0.1", "[::1]", "169.254.169.254"])
def test_addresses_may_be_refused(host: str) -> None:
    section = {**HOOK, "url": f"http://{host}/"}
    assert faults([section]) == []
    [told] = faults([section], public_only)
    assert "which is not on the public internet" in told


def test_names_and_public_addresses_are_not_refused() -> None:
    def only(address: Address) -> bool:
        return str(address) == "1.1.1.1"

    assert faults([HOOK, {**HOOK, "url": "http://1.1.1.1/"}], only) == []


def test_all_faults_at_once() -> None:
    assert len(faults([{"type": "webhook"}, {**HOOK, "kinds": 7}, 8])) == 3
