"""Which versions of the plugin contract are supported: the current one and the one before it."""

from __future__ import annotations

import pytest

from occopus.plugins.versions import CONTRACT_VERSION, refusal


@pytest.mark.parametrize("written_for", [4, 5])
def test_the_current_version_and_the_one_before_it_are_supported(written_for: int) -> None:
    assert refusal(written_for, current=5) is None


def test_an_older_one_is_refused_and_its_package_should_be_upgraded() -> None:
    assert refusal(3, current=5) == "it was written for version 3 of the plugin contract, and occopus-core has 5 and 4: upgrade it"


def test_a_newer_one_is_refused_and_the_core_should_be_upgraded() -> None:
    assert refusal(6, current=5) == "it was written for version 6 of the plugin contract, and occopus-core has 5: upgrade occopus-core"


@pytest.mark.parametrize("written_for", [0, -1, True, None, "1", 1.0], ids=repr)
def test_what_is_no_version_is_refused(written_for: object) -> None:
    assert "should be the version" in str(refusal(written_for))


def test_every_version_from_the_first_on_was_supported_when_it_was_current() -> None:
    assert [refusal(version, version) for version in range(1, CONTRACT_VERSION + 1)] == [None] * CONTRACT_VERSION
