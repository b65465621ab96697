"""Secrets in the open: found in texts that need not be YAML, and in data."""

from __future__ import annotations

import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from occopus.model.plain_secret import spans, values
from occopus.model.secret import SecretReference

PEM = "-----BEGIN RSA PRIVATE KEY-----\nabcd\n-----END RSA PRIVATE KEY-----"


def shown(text: str) -> str:
    """The text with an X for each secret."""
    parts, end = [], 0
    for start, stop in spans(text):
        parts.append(text[end:start])
        end = stop
    return "X".join([*parts, text[end:]])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("password: hunter2\nuser: a", "password: X\nuser: a"),
        ("password:hunter2", "password:X"),
        ('{user: a, password: "x, y", b: 1}', "{user: a, password: X, b: 1}"),
        ('{"password":"x","b":1}', '{"password":X,"b":1}'),
        ("- db-pass: |\n    one\n\n    two\n  user: b", "- db-pass: X\n  user: b"),
        ("credentials:\n- one\n- two\nb: 1", "credentials:X\nb: 1"),
        ("token: [a, {b: ']'}]\nb: 1", "token: X\nb: 1"),
        ("api_key: 'it''s'\nb: 1", "api_key: X\nb: 1"),
        ('secret: "open\n  more\nb: 1', "secret: X\nb: 1"),
        ("? password\n: x\nb: 1", "? password\n: X\nb: 1"),
        ("- DB_PASSWORD=a b\n- c", "- DB_PASSWORD=X\n- c"),
        ('- "API_TOKEN=a b"\n- c', '- "API_TOKEN=X"\n- c'),
        ("url: redis://me:pw@host:1/0", "url: redis://me:X@host:1/0"),
        (PEM, "-----BEGIN RSA PRIVATE KEY-----X-----END RSA PRIVATE KEY-----"),
        ("a: !secret hunter2", "a: !secret X"),
    ],
)
def test_what_is_hidden(text: str, expected: str) -> None:
    assert shown(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "user: a",
        "password: !secret {env: NAME}",
        "password: !secret\n  env: NAME",
        "password: !text_import {url: file://key}",
        'password: "{{ variables.password }}"',
        "password: true",
        "if password == other",
        "url: http://host:8080/x",
    ],
)
def test_what_is_shown(text: str) -> None:
    assert spans(text) == []


def test_values_of_data() -> None:
    data: Any = {
        "user": "a",
        "passwords": ["one", {"b": 3, "c": True, "d": None}],
        "token": SecretReference("env", "NAME"),
        "api_key": "{{ variables.api_key }}",
        "text": "user: a\npassword: two # old\n",
        "env": ["TOKEN=three four"],
    }
    assert {"one", "3", "two", "three four"} <= set(values(data))
    assert not {"a", "True", "None", "{{ variables.api_key }}"} & set(values(data))


def test_shared_data_is_looked_at_once() -> None:
    shared: Any = {"password": "x"}
    for _ in range(60):
        shared = [shared, shared]
    assert list(values(shared)) == ["x"]


@settings(deadline=None)
@given(st.text(st.sampled_from("password:='\"\\{}[]|-\n !&secret@/ "), max_size=80))
def test_spans_are_apart_and_in_their_order(text: str) -> None:
    ends = [place for span in spans(text) for place in span]
    assert ends == sorted(set(ends))
    assert all(0 <= place <= len(text) for place in ends)


@pytest.mark.parametrize(
    "text",
    ["x" * 10**6, 'password: "a ' * 70_000, "password: {" * 50_000, '"' * 10**6, "://" * 10**5, "-----BEGIN PRIVATE KEY-----" * 20_000],
)
def test_no_text_takes_long(text: str) -> None:
    begun = time.process_time()
    spans(text)
    assert time.process_time() - begun < 10
