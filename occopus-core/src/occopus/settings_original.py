"""Reads the configuration of Occopus 1. Nothing in it is ever made into an object; what still means something is taken over."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from occopus.descriptors.loader import Document
from occopus.diagnostics import Diagnostics
from occopus.settings_file import Path, accepted, is_port, is_text, value_at, whole_number


def is_original(data: Any) -> bool:
    """Whether a file is a configuration of Occopus 1."""
    if not isinstance(data, Mapping):
        return False
    logging = data.get("logging")
    return "components" in data or "plugins" in data or (isinstance(logging, Mapping) and ("handlers" in logging or "root" in logging))


TellIdle = Callable[[Document, list[Path], Diagnostics], None]
"""Tells which entries of a configuration of Occopus 1 mean nothing any more."""


def name_idle(document: Document, idle: list[Path], diagnostics: Diagnostics) -> None:
    """One warning names them all."""
    if idle:
        names = ", ".join(".".join(path) for path in idle)
        message = f"this is a configuration of Occopus 1; these entries are not needed any more: {names}"
        diagnostics.warning(message, document.position(), "its other entries are used as they are")


def read_original(document: Document, diagnostics: Diagnostics, tell_idle: TellIdle = name_idle) -> dict[str, Any]:
    """The settings of a configuration of Occopus 1 that still mean something; the others are told."""
    used: dict[Path, Path] = {
        ("components", "rest", "host"): ("rest", "host"),
        ("components", "rest", "port"): ("rest", "port"),
        ("logging", "root", "level"): ("logging", "level"),
    }
    handler = _file_handler(document.data)
    if handler:
        used[("logging", "handlers", handler, "filename")] = ("logging", "file")
    chosen = dict(accepted(document, diagnostics, used))
    store_url = _original_store(document, diagnostics)
    if store_url:
        chosen["store_url"] = store_url
    uds = [("components", "uds", key) for key in ("protocol", "host", "port", "db")]
    tell_idle(document, sorted(_idle(document.data, {*used, *uds})), diagnostics)
    return chosen


def _file_handler(data: Any) -> str | None:
    """The logging handler that writes a file."""
    handlers = value_at(data, ("logging", "handlers"))
    found = [str(name) for name, handler in handlers.items() if value_at(handler, ("filename",))] if isinstance(handlers, Mapping) else []
    return "file" if "file" in found else next(iter(found), None)


def _original_store(document: Document, diagnostics: Diagnostics) -> str | None:
    """The address of the Redis that the original keeps its data in."""
    uds = ("components", "uds")
    values = value_at(document.data, uds)
    if values is None:
        return None
    if value_at(values, ("protocol",)) != "redis":
        hint = "remove 'components.uds' to keep data in the embedded store, or name a Redis with 'protocol: redis'"
        diagnostics.error("'components.uds' names a store that is not known here", document.position([*uds, "protocol"]), hint)
        return None
    host, port, number = (values.get(key, default) for key, default in (("host", "localhost"), ("port", 6379), ("db", 0)))
    sound = True
    for key, value, check in (("host", host, is_text), ("port", port, is_port), ("db", number, whole_number(0, 2**31))):
        wanted = check(value)
        if wanted:
            diagnostics.error(f"'components.uds.{key}' has to be {wanted}", document.position([*uds, key]))
            sound = False
    if not sound:
        return None
    literal = f"[{host}]" if ":" in host else host  # an IPv6 address is told from its port by brackets
    return f"redis://{literal}:{port}/{number}"


def _idle(data: Any, used: set[Path], above: Path = ()) -> Iterator[Path]:
    """The entries that no used one stands in or below, as high up as can be said."""
    for key, value in data.items():
        path = (*above, str(key))
        if path in used:
            continue
        if isinstance(value, Mapping) and any(each[: len(path)] == path for each in used):
            yield from _idle(value, used, path)
        else:
            yield path
