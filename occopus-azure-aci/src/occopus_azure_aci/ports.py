"""Ports as users write them: a number, or a number with a protocol."""

from __future__ import annotations

import re
from typing import Any, NamedTuple


class Port(NamedTuple):
    number: int
    protocol: str


def read(written: Any) -> Port:
    """
    Raises:
        ValueError: it is no port.
    """
    found = re.fullmatch(r"(\d{1,5})(?:/(tcp|udp))?", str(written), re.IGNORECASE)
    if not found or isinstance(written, bool) or not 0 < int(found[1]) < 65536:
        raise ValueError(f"'{written}' is no port: a number from 1 to 65535, and a protocol, TCP or UDP, if wanted")
    return Port(int(found[1]), (found[2] or "TCP").upper())
