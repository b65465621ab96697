"""Errors without the secrets that they may repeat."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from traceback import format_exception_only

from occopus.diagnostics import DescriptionError
from occopus.errors import OccopusError, explained

Mask = Callable[[str], str]


@contextmanager
def without_secrets(mask: Mask) -> Iterator[None]:
    """Errors that leave the block say nothing that `mask` hides, nor do those that they follow from: programs print what they catch."""
    cleaned: BaseException | None = None
    try:
        yield
    except Exception as error:
        cleaned = _cleaned(error, mask, {})
    if cleaned:
        cleaned.__suppress_context__ = cleaned.__suppress_context__ or cleaned.__context__ is None
        raise cleaned


def _cleaned(error: BaseException | None, mask: Mask, done: dict[int, BaseException]) -> BaseException | None:
    """The error with its texts masked; where its class keeps them elsewhere too, another one that says the same."""
    if error is None or id(error) in done:
        return done.get(id(error))
    done[id(error)] = error
    error.args = tuple(mask(each) if isinstance(each, str) else each for each in error.args)
    if isinstance(error, OccopusError):
        error.message = mask(error.message)
        error.hint = error.hint and mask(error.hint)
    if isinstance(error, DescriptionError):
        error.faults = tuple(replace(fault, message=mask(fault.message), hint=fault.hint and mask(fault.hint)) for fault in error.faults)
    shown = "".join(format_exception_only(error)) + repr(error)
    if mask(shown) != shown:
        done[id(error)] = OccopusError(mask(explained(error))).with_traceback(error.__traceback__)
    cleaned = done[id(error)]
    suppressed = error.__suppress_context__
    cleaned.__cause__, cleaned.__context__ = _cleaned(error.__cause__, mask, done), _cleaned(error.__context__, mask, done)
    cleaned.__suppress_context__ = suppressed
    return cleaned
