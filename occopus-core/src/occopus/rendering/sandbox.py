"""The environment that templates are rendered in: nothing of the program can be reached, and nothing takes long or much memory.

Jinja2's sandbox guards attributes only. Here every round of a loop, every call, filter and operation is paid for, by its size, out of
a budget that each rendering has anew.
"""

from __future__ import annotations

import base64
import functools
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from types import BuiltinFunctionType
from typing import Any

from jinja2 import StrictUndefined, Undefined, nodes, pass_context
from jinja2.exceptions import SecurityError
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment

LONGEST = 10_000_000
"""Characters of the longest text that a template may make; an item of a list counts as ten."""
BUDGET = 100_000_000
"""What one rendering may spend: one for each character that it makes or passes on, more for the steps below."""
WIDEST = 10_000
"""The greatest width, count or precision that a method or filter takes."""
BITS = 100_000
"""Of a whole number."""

STEP, ITEM, FILTERED = 200, 10, 5
"""The price of a round of a loop, a call or an operation; of an item of a list; and of a character that passes a filter."""
METER = "(meter)"
"""The filter that every value passes where it is used. No template can name it."""

_left: ContextVar[list[int] | None] = ContextVar("left", default=None)


@contextmanager
def metered() -> Iterator[None]:
    """A rendering with a budget of its own."""
    token = _left.set([BUDGET])
    try:
        yield
    finally:
        _left.reset(token)


class BoundedEnvironment(ImmutableSandboxedEnvironment):
    """Strict about everything unknown, and bounded."""

    intercepted_binops = frozenset({"+", "*", "**", "%"})

    def __init__(self, changed: Callable[[Any], Any] | None = None) -> None:
        """`changed` gives each value the form in which it is put into the text."""
        finalize = (lambda value: changed(_written(value))) if changed else _written
        # A newline at the end belongs to the text: Jinja2 would take it away.
        super().__init__(undefined=StrictUndefined, keep_trailing_newline=True, finalize=finalize)
        self.globals.pop("lipsum")
        self.filters["b64encode"] = lambda text: base64.b64encode(str(text).encode()).decode()
        for name in _CHECKS.keys() & self.filters.keys():
            self.filters[name] = _guarded(self.filters[name], _CHECKS[name])
        self.filters[METER] = pass_context(lambda context, value: _spend(value, FILTERED))

    def compiled(self, text: str) -> Any:
        """The template of a text."""
        tree = _metered(self.parse(text))
        tree.set_environment(self)
        return self.from_string(tree)

    def concat(self, chunks: Iterable[str]) -> str:
        """What the parts of a text come to."""
        parts, total = [], 0
        for chunk in chunks:
            total += len(chunk) + 1
            _pay(len(chunk) + 1)
            _check(total)
            parts.append(chunk)
        return "".join(parts)

    def call(__self, __context: Context, __obj: Any, *args: Any, **kwargs: Any) -> Any:  # noqa: N805 - as Jinja2 calls it
        """Calls a function or method for a template."""
        _spend([*args, *kwargs.values()])
        if isinstance(__obj, BuiltinFunctionType) and __obj.__name__ in _CHECKS:
            _CHECKS[__obj.__name__](__obj.__self__, *args, *kwargs.values())
        return _spend(super().call(__context, __obj, *args, **kwargs))

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        """Works out `left operator right`, if the result is of a reasonable size."""
        _spend(left)
        _spend(right)
        if operator == "*":
            _check_product(left, right)
        elif operator == "**":
            _check_power(left, right)
        elif operator == "%" and isinstance(left, str | bytes):
            _check_pattern(left, right)
        return _spend(super().call_binop(context, operator, left, right))

    def wrap_str_format(self, value: Any) -> Callable[..., str] | None:
        wrapped = super().wrap_str_format(value)
        return _guarded(wrapped, lambda *args: _check_pattern(value.__self__, *args)) if wrapped else None


def _metered(tree: nodes.Template) -> nodes.Template:
    """A template that pays for its loops, macros, filters and joined texts."""
    for loop in list(tree.find_all((nodes.For, nodes.Macro, nodes.CallBlock))):
        paid = nodes.ExprStmt(_meter(nodes.Const(None)))
        loop.body.insert(0, paid.set_lineno(loop.lineno))  # type: ignore[attr-defined]  # each of the three has a body
    for filtered in list(tree.find_all(nodes.Filter)):
        if filtered.name != METER and filtered.node is not None:
            filtered.node = _meter(filtered.node)
    for joined in list(tree.find_all(nodes.Concat)):
        joined.nodes = [_meter(part) for part in joined.nodes]
    return tree


def _meter(node: nodes.Expr) -> nodes.Filter:
    return nodes.Filter(node, METER, [], [], None, None, lineno=node.lineno)


def _spend(value: Any, price: int = 1) -> Any:
    """Pay for a value that is used; the value."""
    _pay(STEP + price * _size(value))
    return value


def _written(value: Any) -> Any:
    """Pay for a value that becomes text. What is unknown within a list is as wrong there as it is alone."""
    _spend(value)
    for each in _everything_in(value):
        if isinstance(each, Undefined):
            str(each)  # raises
    return value


def _pay(units: int) -> None:
    left = _left.get()
    if left is not None:
        left[0] -= units
        if left[0] < 0:
            raise SecurityError("this template takes too long or makes too much")


def _check(size: int) -> None:
    if size > LONGEST:
        raise SecurityError(f"this makes a text or list of more than {LONGEST:,} characters")


def _size(value: Any) -> int:
    """How long a value is when everything in it is written out, however often it is repeated."""
    total = 0
    for each in _everything_in(value):
        if isinstance(each, str | bytes):
            total += len(each)
        elif isinstance(each, int):
            total += each.bit_length() // 3
        elif isinstance(each, Mapping | list | tuple | set | frozenset):
            total += ITEM * len(each)
        _check(total)
    return total


def _everything_in(value: Any) -> Iterator[Any]:
    """The value and all that it holds, as often as it holds it."""
    left = [value]
    while left:
        each = left.pop()
        yield each
        if isinstance(each, Mapping):
            left += [*each.keys(), *each.values()]
        elif isinstance(each, list | tuple | set | frozenset):
            left += each


def _check_product(left: Any, right: Any) -> None:
    for many, times in ((left, right), (right, left)):
        if isinstance(times, int) and not isinstance(many, float):
            _check(_size(many) * max(times, 0) if not isinstance(many, int) else 0)
    if isinstance(left, int) and isinstance(right, int):
        _check_bits(left.bit_length() + right.bit_length())


def _check_power(base: Any, exponent: Any) -> None:
    if isinstance(base, int) and isinstance(exponent, int):
        _check_bits(base.bit_length() * abs(exponent))


def _check_bits(bits: int) -> None:
    if bits > BITS:
        raise SecurityError("this makes too large a number")


def _check_pattern(pattern: Any, *args: Any) -> None:
    """A width in a format is a number in it, or a number given beside it."""
    text = pattern.decode(errors="replace") if isinstance(pattern, bytes) else str(pattern)
    if re.search(r"\d{5}", text):
        raise SecurityError(f"this format has a width of more than {WIDEST:,}")
    if re.search(r"%[^%a-z]*\*|\{[^}]*\{", text):
        _check_numbers(*(args[0] if len(args) == 1 and isinstance(args[0], tuple) else args))


def _check_numbers(*args: Any) -> None:
    if any(isinstance(arg, int | float) and abs(arg) > WIDEST for arg in args):
        raise SecurityError(f"this takes numbers up to {WIDEST:,}")


def _check_replacement(text: Any, old: Any = "", new: Any = "", *more: Any) -> None:
    if isinstance(text, str | bytes):
        _check(len(text) + text.count(old) * len(new))


def _check_separator(*args: Any) -> None:
    if any(isinstance(arg, str | bytes) and len(arg) > WIDEST // 10 for arg in args):
        raise SecurityError("this separator is too long")


def _refuse(*args: Any) -> None:
    raise SecurityError("templates can't use this")


def _guarded(function: Callable[..., Any], check: Callable[..., None]) -> Callable[..., Any]:
    """A filter or method that checks what it is given; what Jinja2 passes of its own is left aside."""

    @functools.wraps(function)
    def guarded(*args: Any, **kwargs: Any) -> Any:
        own = 1 if hasattr(function, "jinja_pass_arg") else 0
        check(*args[own:], *kwargs.values())
        return function(*args, **kwargs)

    return guarded


_NUMBERED = ("center", "ljust", "rjust", "zfill", "expandtabs", "indent", "batch", "slice", "round", "tojson", "wordwrap")
_CHECKS: dict[str, Callable[..., None]] = {
    **dict.fromkeys(_NUMBERED, lambda value, *args: _check_numbers(*args)),
    "format": _check_pattern,
    "replace": _check_replacement,
    "join": _check_separator,
    "translate": _refuse,
    "to_bytes": _refuse,
}
"""By the name of a method or filter: what looks at the value it is used on and at its arguments first."""
