"""References to secrets, and their way through JSON and back."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from occopus.errors import UsageError
from occopus.model.secret import KINDS, SecretReference, from_plain, to_plain


def test_a_reference_shows_where_the_value_is() -> None:
    reference = SecretReference("env", "NAME")
    assert str(reference) == "!secret env:NAME"
    assert reference.as_json() == {"!secret": {"env": "NAME"}}
    assert SecretReference.from_json(reference.as_json()) == reference


@pytest.mark.parametrize(
    "mapping", [{}, {"!secret": "x"}, {"!secret": {}}, {"!secret": {"env": ""}}, {"!secret": {"vault": "x"}}, {"a": 1}]
)
def test_what_is_no_reference_is_refused(mapping: dict[str, object]) -> None:
    with pytest.raises(UsageError):
        SecretReference.from_json(mapping)


_REFERENCES = st.builds(SecretReference, st.sampled_from(KINDS), st.text(min_size=1))
_KEYS = st.text(max_size=4) | st.sampled_from(["!secret", "!!secret", "secret"])
_DATA = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | _REFERENCES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_KEYS, inner, max_size=3),
    max_leaves=10,
)


@settings(deadline=None)
@given(_DATA)
def test_data_with_references_comes_back_from_json(data: object) -> None:
    assert from_plain(json.loads(json.dumps(to_plain(data)))) == data


def test_a_mapping_that_only_looks_like_a_reference_does_not_become_one() -> None:
    written = {"!secret": {"env": "HOME"}}
    assert to_plain(written) != written
    assert from_plain(to_plain(written)) == written


def test_what_is_shared_is_turned_once() -> None:
    shared: list[object] = ["x"]
    for _ in range(40):
        shared = [shared, shared]
    plain = to_plain(shared)
    assert plain[0] is plain[1]
