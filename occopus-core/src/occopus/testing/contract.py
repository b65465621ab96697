"""Where the contract says what a check wants: each check quotes the public docstring it stands for, and shows the quotation when it fails.

    @written_in("occopus.plugins.ResourceHandler.drop", "Succeeds on what is already gone.")
    def test_drop_of_what_is_gone(self, bench: Bench) -> None: ...

`unwritten` tells a suite's own tests which checks quote what is not there.
"""

from __future__ import annotations

import pydoc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

from occopus.plugins.resource import ResourceError

CheckFunction = TypeVar("CheckFunction", bound=Callable[..., Any])


@dataclass(frozen=True)
class Quotation:
    """Words of the docstring of a public object, such as `occopus.plugins.ResourceHandler.drop`."""

    name: str
    words: str

    def __str__(self) -> str:
        return f'The contract, {self.name}: "{self.words}"\nRead it with: python -m pydoc {self.name}'

    @property
    def is_there(self) -> bool:
        """Whether the object is there and says so, whatever its lines are broken at."""
        documented = pydoc.locate(self.name)
        return documented is not None and _flowing(self.words) in _flowing(documented.__doc__ or "")


def written_in(name: str, words: str) -> Callable[[CheckFunction], CheckFunction]:
    """Marks a check with what it stands for; `fixtures` shows that where the check fails."""

    def marked(check: CheckFunction) -> CheckFunction:
        check.written_in = Quotation(name, words)  # type: ignore[attr-defined]
        return check

    return marked


def checks_of(suite: type) -> dict[str, Callable[..., Any]]:
    """By name: all checks of a suite, its base classes' too."""
    return {name: getattr(suite, name) for name in dir(suite) if name.startswith("test_")}


def unwritten(suite: type) -> Iterator[str]:
    """The checks of a suite that do not say where the contract demands it, or say so wrongly."""
    for name, check in checks_of(suite).items():
        quotation = getattr(check, "written_in", None)
        if quotation is None:
            yield f"{name} has no 'written_in'"
        elif not quotation.is_there:
            yield f"{name}: {quotation.name} does not say: {quotation.words}"


def error_of(cause: Callable[[], object], wanted: str) -> ResourceError:
    """The ResourceError that a cause raises. Where it raises none, or anything else, the check fails with what was wanted."""
    try:
        cause()
    except ResourceError as error:
        return error
    except Exception as error:
        raise AssertionError(f"{wanted}, as a ResourceError; {type(error).__name__} left the plugin: {error}") from error
    raise AssertionError(f"{wanted}, as a ResourceError; there was no error")


@contextmanager
def wanted(sentence: str) -> Iterator[None]:
    """Around calls that must succeed: where one raises, the check fails with what was wanted."""
    try:
        yield
    except AssertionError:
        raise
    except Exception as error:
        raise AssertionError(f"{sentence}; it raised {type(error).__name__}: {error}") from error


def _flowing(text: str) -> str:
    return " ".join(text.split())
