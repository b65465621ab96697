"""Credentials are checked against what the plugin says that it needs, before anybody is asked with them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from occopus.credentials import load_credentials
from occopus.diagnostics import Diagnostics
from occopus.engine.backends import Backends
from occopus.errors import CredentialsError
from occopus.model.infrastructure import Infrastructure
from occopus.model.node import Implementation, Node, Section
from occopus.plugins import CredentialsSpec, Problem, ResourceHandlerSpec, text
from occopus.plugins.registry import Package, Plugin, Registry

SECTION = {"type": "cloud", "endpoint": "here"}


def all_or_none(auth_data: Section) -> Iterator[Problem]:
    if ("user" in auth_data) != ("secret" in auth_data):
        yield Problem((), "give both 'user' and 'secret', or none")


SPEC = ResourceHandlerSpec(
    "cloud",
    "occopus.builtin.local.handler:LocalHandler",
    {"endpoint": text("Where it is.")},
    credentials=CredentialsSpec(
        {"account": text("The account.", required=True), "user": text("Who."), "secret": text("A secret.")}, checks=(all_or_none,)
    ),
)


def backends(folder: Path, auth_data: str) -> Backends:
    path = folder / "auth.yaml"
    path.write_text(f"resource:\n- type: cloud\n  auth_data: {auth_data}\n")
    path.chmod(0o600)
    plugin = Plugin("resource handler", "cloud", SPEC, Package("a-package", "1.0"))
    return Backends(Registry(plugins={("resource handler", "cloud"): plugin}), load_credentials(path, Diagnostics()), folder)


def described(*sections: Section) -> Infrastructure:
    """One node with these implementations."""
    made = tuple(Implementation(index, section) for index, section in enumerate(sections))
    return Infrastructure("test", "me", {"web": Node("web", "web", made)})


@pytest.fixture
def handler(tmp_path: Path) -> Any:
    """Asks for a handler with this `auth_data`."""

    return lambda auth_data: backends(tmp_path, auth_data).handler(SECTION)


def test_what_is_right_is_taken(handler: Any) -> None:
    assert handler("{account: mine}").config.credentials == {"account": "mine"}


def test_a_key_more_is_harmless(handler: Any) -> None:
    assert handler("{account: mine, region: old}")


@pytest.mark.parametrize(
    ("auth_data", "words"),
    [
        ("{user: me, secret: hidden-1}", "the key 'account' is missing (The account.)"),
        ("{acount: hidden-1}", "unknown key 'acount' (did you mean 'account'?)"),
        ("{account: [hidden-1]}", "'account' must be text"),
        ("{account: mine, secret: hidden-1}", "give both 'user' and 'secret', or none"),
    ],
)
def test_what_is_wrong_is_told_without_any_value(handler: Any, tmp_path: Path, auth_data: str, words: str) -> None:
    with pytest.raises(CredentialsError) as caught:
        handler(auth_data)
    assert words in str(caught.value)
    assert caught.value.hint == f"see the entry {{type: cloud}} (line 2) in '{tmp_path}/auth.yaml'"
    assert "hidden-1" not in str(caught.value)


def test_a_node_that_nobody_may_make_is_refused_before_anything_is_done(tmp_path: Path) -> None:
    with pytest.raises(CredentialsError, match="the key 'account' is missing"):
        backends(tmp_path, "{user: me, secret: hidden-1}").admit(described(SECTION))


def test_of_several_implementations_one_will_do(tmp_path: Path) -> None:
    elsewhere = {**SECTION, "type": "somewhere-else"}
    backends(tmp_path, "{}").admit(described(SECTION, elsewhere))
    backends(tmp_path, "{account: mine}").admit(described(SECTION))


def test_what_is_only_known_when_it_is_rendered_is_not_looked_at(tmp_path: Path) -> None:
    backends(tmp_path, "{}").admit(described({**SECTION, "endpoint": "{{variables.where}}"}))
