"""Rules that a schema can't express."""

from __future__ import annotations

from collections.abc import Iterator

from occopus.model.node import Section
from occopus.plugins import Problem

LONGEST_CUSTOM_DATA = 65_535
"""Bytes that Azure takes, before they are encoded."""


def somebody_can_log_in(section: Section) -> Iterator[Problem]:
    if "password" not in section and "ssh_key_data" not in section:
        yield Problem((), "one of 'password' and 'ssh_key_data' must be given", "without them nobody could log in, and Azure refuses that")


def interface_is_enough(section: Section) -> Iterator[Problem]:
    """A network interface that exists has its subnet, and its public address if it has one."""
    for key in ("vnet_name", "subnet_name", "public_ip_needed"):
        if "nic_name" in section and section.get(key):
            yield Problem((key,), f"'{key}' is not used where 'nic_name' is given", warning=True)


def custom_data_fits(section: Section) -> Iterator[Problem]:
    size = len(str(section.get("customdata", "")).encode())
    if size > LONGEST_CUSTOM_DATA:
        yield Problem(("customdata",), f"'customdata' has {size:,} bytes; Azure takes {LONGEST_CUSTOM_DATA:,} at most")
