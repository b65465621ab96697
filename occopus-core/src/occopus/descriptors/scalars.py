"""From the text of a scalar to its value, by the rules of YAML 1.1 as PyYAML's safe loader has them.

Two things differ since descriptions are kept as JSON: dates and times stay the text that was written, and infinite numbers and NaN
are refused.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from yaml.resolver import Resolver

from occopus.descriptors.limits import NUMBER

_CORE = "tag:yaml.org,2002:"
_RESOLVERS = Resolver.yaml_implicit_resolvers
_TRUTHS = {"yes": True, "no": False, "true": True, "false": False, "on": True, "off": False}

Scalar = str | int | float | bool | None


class NotANumber(ValueError):
    """A text that looks like a number, or was declared to be one, and has no value that can be kept."""


def plain_value(text: str) -> Scalar:
    """The value of a scalar without quotes and tag.

    Raises:
        NotANumber: it looks like a number and is none.
    """
    for tag, pattern in _RESOLVERS.get(text[:1], ()):
        if pattern.match(text):
            convert = CONVERTERS.get(tag)
            return convert(text) if convert else text
    return text


def _null(text: str) -> None:
    return None


def _boolean(text: str) -> bool:
    if text.lower() not in _TRUTHS:
        raise NotANumber
    return _TRUTHS[text.lower()]


def _integer(text: str) -> int:
    sign, digits = _signed(text)
    if digits[:2] in ("0b", "0x"):
        return sign * int(digits[2:], {"b": 2, "x": 16}[digits[1]])
    if ":" in digits:
        return sign * int(_sexagesimal([int(part) for part in digits.split(":")]))
    return sign * int(digits, 8 if digits[:1] == "0" and digits != "0" else 10)


def _float(text: str) -> float:
    sign, digits = _signed(text.lower())
    value: float = sign * (_sexagesimal([float(part) for part in digits.split(":")]) if ":" in digits else float(digits))
    if not math.isfinite(value):
        raise NotANumber
    return value


def _signed(text: str) -> tuple[int, str]:
    if len(text) > NUMBER:
        raise NotANumber  # working it out would take long
    digits = text.replace("_", "")
    return (-1 if digits[:1] == "-" else 1), digits[1:] if digits[:1] in ("+", "-") else digits


def _sexagesimal(parts: list[Any]) -> Any:
    value = parts[0]
    for part in parts[1:]:
        value = value * 60 + part
    return value


def _as_number(convert: Callable[[str], Scalar]) -> Callable[[str], Scalar]:
    def checked(text: str) -> Scalar:
        try:
            return convert(text)
        except ValueError:
            raise NotANumber from None

    return checked


CONVERTERS: dict[str, Callable[[str], Scalar]] = {
    _CORE + "str": str,
    _CORE + "timestamp": str,
    _CORE + "null": _null,
    _CORE + "bool": _boolean,
    _CORE + "int": _as_number(_integer),
    _CORE + "float": _as_number(_float),
}
"""By tag. What has none here has no value of its own: plain `=` and `<<` stay text."""
