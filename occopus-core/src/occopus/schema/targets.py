"""Checks where events are to go: a list of sections, each of a notifier. They hold no secrets, for they are kept in the open."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

from occopus.errors import MissingPlugin
from occopus.plugins.reach import Address, anywhere
from occopus.schema.checking import ImplementationChecker, Reporter
from occopus.schema.composition import Composition
from occopus.schema.validation import describe

MOST = 20
"""Targets that an infrastructure may have."""


def check_targets(sections: object, composition: Composition, reporter: Reporter, may_reach: Callable[[Address], bool] = anywhere) -> None:
    """Report everything that is wrong with a list of targets.

    `may_reach` refuses addresses that URLs have in them; where a name leads is seen when something is sent there.
    """
    if not isinstance(sections, list):
        reporter.error(f"where events go is a list of targets, not {describe(sections)}", (), "each begins with '- type: ...'")
        return
    if len(sections) > MOST:
        reporter.error(f"there are {len(sections)} targets; an infrastructure may have {MOST}")
    for index, section in enumerate(sections):
        here = reporter.below(index)
        if not isinstance(section, Mapping):
            here.error(f"a target is a mapping with 'type', not {describe(section)}")
        elif section in sections[:index]:
            here.error("the same target stands here twice")
        else:
            _check_target(section, composition, here)
            _refuse_addresses(section, may_reach, here)


def _check_target(section: Mapping[str, Any], composition: Composition, reporter: Reporter) -> None:
    misplaced = sorted(_confidential_keys(section.get("type"), composition) & set(section))
    for key in misplaced:
        entry = f"'notifier: [{{type: {section['type']}, auth_data: {{{key}: ...}}}}]'"
        message = f"'{key}' does not belong in a target, which is kept in the open"
        reporter.error(message, (key,), f"its place is in the authentication file: {entry}", of_key=True)
    rest = {key: value for key, value in section.items() if key not in misplaced}
    ImplementationChecker(composition).check_section("notifier", rest, reporter)


def _confidential_keys(type: object, composition: Composition) -> set[str]:
    """The keys of a notifier that only the authentication file may have."""
    try:
        spec = composition.registry.notifier(str(type))
    except MissingPlugin:
        return set()
    marked = {key for key, rule in spec.schema.items() if rule.get("meta", {}).get("secret")}
    return marked | set(spec.credentials.schema if spec.credentials else ())


def _refuse_addresses(section: Mapping[str, Any], may_reach: Callable[[Address], bool], reporter: Reporter) -> None:
    for key, value in section.items():
        address = _address_in(value) if isinstance(value, str) else None
        if address and not may_reach(address):
            reporter.error(f"events may not be sent to {address}, which is not on the public internet", (key,))


def _address_in(url: str) -> Address | None:
    """The address that a URL names; None where it has a name that is to be resolved, or is no URL."""
    try:
        host = urlsplit(url).hostname or ""
        return ipaddress.ip_address("127.0.0.1" if host == "localhost" else host)
    except ValueError:
        return None
