"""Versions of the plugin contract. A package's module says `CONTRACT = 1`: the version that it was written for."""

from __future__ import annotations

CONTRACT_VERSION = 1
"""The version of the contract in this package. It grows when a plugin that was right before may not be so any more, never otherwise."""

FIRST = 1
"""What a package was written for that does not say it."""


def refusal(written_for: object, current: int = CONTRACT_VERSION) -> str | None:
    """Why a package that was written for a version of the contract can't be used, and what to do; None if it can: the current version is
    supported, and the one before it."""
    if not isinstance(written_for, int) or isinstance(written_for, bool) or written_for < FIRST:
        return (
            f"CONTRACT is {written_for!r}; it should be the version of the plugin contract that it was written for, {current} for example"
        )
    if written_for > current:
        return f"it was written for version {written_for} of the plugin contract, and occopus-core has {current}: upgrade occopus-core"
    if written_for < current - 1:
        return (
            f"it was written for version {written_for} of the plugin contract, and occopus-core has {current} and {current - 1}: upgrade it"
        )
    return None
