"""The words for what went wrong."""

from __future__ import annotations

from occopus.errors import OccopusError


def explained(error: BaseException) -> str:
    """An error as people read it; one that nobody raised on purpose also says its type."""
    return error.message if isinstance(error, OccopusError) else f"{type(error).__name__}: {error}"
