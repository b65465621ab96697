"""Masking: secrets in every form they take, and nothing else."""

from __future__ import annotations

import base64
import json
import logging
import sys
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from occopus.logs import MaskingFilter
from occopus.masking import MASK, SHORTEST, Masker
from occopus.model.secret import SecretReference, is_secret_key

PEM = "-----BEGIN KEY-----\nMIIEowIBAAKCAQEAx1\nabcdefghijklmnopqrstuv\nshort\n-----END KEY-----\n"


def test_known_values_are_replaced_wherever_they_stand() -> None:
    masker = Masker(["hunter2", 12345678])
    assert masker.mask("a hunter2, xhunter2x 12345678 hunter3") == f"a {MASK}, x{MASK}x {MASK} hunter3"


def test_the_longest_of_several_is_replaced_and_overlaps_leave_nothing() -> None:
    masker = Masker(["abcd", "abcdef", "cdefgh"])
    assert masker.mask("-abcdef-abcdefgh-abcdx") == f"-{MASK}-{MASK}-{MASK}x"


@pytest.mark.parametrize("short", ["", "a", "abc", "    ", 80, None])
def test_short_values_are_not_searched_for(short: object) -> None:
    text = "a abc 80 None,     x"
    masker = Masker([short]) if short is not None else Masker()
    assert masker.mask(text) == text


SECRET = "pa/ss \"w\\ö&rd'"


@pytest.mark.parametrize(
    "form",
    [
        json.dumps(SECRET),
        json.dumps(SECRET, ensure_ascii=False),
        repr({"a": SECRET}),
        quote(SECRET),
        quote(SECRET, safe=""),
        quote_plus(SECRET),
        base64.b64encode(SECRET.encode()).decode(),
        base64.urlsafe_b64encode(SECRET.encode()).decode(),
    ],
)
def test_the_usual_encodings_are_replaced(form: str) -> None:
    masked = Masker([SECRET]).mask(f"<{form}>")
    assert MASK in masked
    for part in ("ss", "cGE", "w\\", "%22"):
        assert part not in masked


@pytest.mark.parametrize("before", ["", "u:", "user:"])
def test_a_secret_within_a_longer_text_in_base64_is_replaced(before: str) -> None:
    encoded = base64.b64encode(f"{before}correct horse battery{before}".encode()).decode()
    masked = Masker(["correct horse battery"]).mask(encoded)
    assert MASK in masked
    assert len(masked) <= len(MASK) + 20


LONG = "0123456789-abcdefghij-KLMNOPQRST-9876543210"


@pytest.mark.parametrize("text", [f"{LONG[:37]}...", f"...{LONG[-30:]}", f"{LONG[:12]}!", f"!{LONG[-12:]}", f"{LONG[:20]}{LONG[-20:]}"])
def test_what_was_cut_off_a_long_secret_is_replaced_as_far_as_it_goes(text: str) -> None:
    masked = Masker([LONG]).mask(f"<{text}>")
    assert set(masked) <= set("<*.!>")


def test_the_beginning_of_a_short_secret_is_no_secret() -> None:
    assert Masker(["0123456789-abcdefghij"]).mask("0123456789-abc...") == "0123456789-abc..."


def test_every_long_line_of_a_key_is_a_secret() -> None:
    masker = Masker([PEM])
    assert masker.mask(f"key: {PEM}") == f"key: {MASK}"
    assert masker.mask("  abcdefghijklmnopqrstuv\n  short\n-----BEGIN KEY-----") == f"  {MASK}\n  short\n-----BEGIN KEY-----"


_SECRETS = st.lists(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="*"), min_size=SHORTEST, max_size=12), max_size=12)


@settings(deadline=None)
@given(_SECRETS, st.lists(st.text(max_size=5), max_size=12))
def test_no_secret_is_left(secrets: list[str], between: list[str]) -> None:
    assume(all(secret.strip() for secret in secrets))
    text = "".join(part for pair in zip(secrets, between, strict=False) for part in pair)
    masked = Masker(secrets).mask(text)
    assert not any(secret in masked for secret in secrets)


@settings(deadline=None)
@given(st.lists(st.text("ab", min_size=SHORTEST, max_size=8), min_size=1), st.text("abc", max_size=60))
def test_exactly_the_covered_characters_are_replaced(secrets: list[str], text: str) -> None:
    covered = [False] * len(text)
    for secret in secrets:
        for start in range(len(text)):
            if text.startswith(secret, start):
                covered[start : start + len(secret)] = [True] * len(secret)
    kept = "".join("\0" if hidden else each for each, hidden in zip(text, covered, strict=True))
    assert Masker(secrets).mask(text).replace(MASK, "").replace("*", "") == kept.replace("\0", "")


def test_many_secrets_and_much_text() -> None:
    masker = Masker([f"secret-{number:05}-{number * 7919 % 100003:06}" for number in range(2_000)])
    text = "nothing to see in this line of the log, secret- but not quite\n" * 20_000
    assert masker.mask(text) == text


@pytest.mark.parametrize(
    "key",
    [
        "password",
        "Password",
        "vnc_password",
        "passwd",
        "pass",
        "db-pass",
        "secret",
        "client_secret",
        "clientSecret",
        "token",
        "auth.token",
        "private_key",
        "secretkey",
        "secret_key",
        "SECRET-KEY",
        "api_key",
        "apikey",
        "accesskey",
        "client_key",
        "passphrase",
        "pwd",
    ],
)
def test_keys_of_secrets(key: str) -> None:
    assert is_secret_key(key)


@pytest.mark.parametrize(
    "key", ["name", "key_name", "pubkeys", "ssh_key_data", "compass", "bypass", "tokens_max", "passive", "type", "", 1, None]
)
def test_keys_of_other_things(key: object) -> None:
    assert not is_secret_key(key)


def test_data_is_masked_by_key_by_value_and_by_reference() -> None:
    reference = SecretReference("env", "NAME")
    data = {
        "password": "x",
        "nested": [{"vnc_password": 1234, "token": {"id": "a"}, "note": "has hunter2"}],
        "empty": {"password": "", "secret": None, "private_key": False},
        "reference": reference,
        "pass": reference,
        "client_secret": reference.as_json(),
        "hunter2": 1,
    }
    assert Masker(["hunter2"]).mask_data(data) == {
        "password": MASK,
        "nested": [{"vnc_password": MASK, "token": MASK, "note": f"has {MASK}"}],
        "empty": {"password": "", "secret": None, "private_key": False},
        "reference": "!secret env:NAME",
        "pass": "!secret env:NAME",
        "client_secret": {"!secret": {"env": "NAME"}},
        MASK: 1,
    }


def test_shared_data_is_masked_once() -> None:
    shared: object = "x"
    for _ in range(60):
        shared = [shared, shared]
    masked = Masker().mask_data(shared)
    assert masked[0] is masked[1]


def _record(message: str, *args: object, failing: bool = False) -> logging.LogRecord:
    error = None
    if failing:
        try:
            raise ValueError("with hunter2")
        except ValueError:
            error = sys.exc_info()
    return logging.LogRecord("occopus", logging.INFO, "file.py", 1, message, args, error)


def test_records_are_masked_with_arguments_and_exceptions() -> None:
    record = _record("is %s %r", "hunter2", {"a": "hunter2"}, failing=True)
    record.stack_info = "Stack hunter2"
    assert MaskingFilter(Masker(["hunter2"])).filter(record)
    shown = logging.Formatter().format(record)
    assert "hunter2" not in shown
    assert shown.startswith(f"is {MASK} {{'a': '{MASK}'}}\nTraceback")
    assert f"ValueError: with {MASK}" in shown
    assert shown.endswith(f"Stack {MASK}")


def test_a_log_call_with_wrong_arguments_is_masked_too() -> None:
    record = _record("%d", "hunter2")
    MaskingFilter(Masker(["hunter2"])).filter(record)
    assert record.getMessage() == f"%d ('{MASK}',)"
