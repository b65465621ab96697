"""What a configuration file may say, and the checks of its values."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from occopus.descriptors.loader import Document
from occopus.diagnostics import Diagnostics, did_you_mean
from occopus.model.secret import SecretReference
from occopus.secrets import resolve
from occopus.settings_rest import Token, is_origins, is_texts, is_tokens

Path = tuple[str, ...]

LEVELS = ("CRITICAL", "ERROR", "WARNING", "INFO", "DEBUG")


def read_own(document: Document, diagnostics: Diagnostics) -> dict[str, Any]:
    """The settings of a file in our own form, by their names in `Settings`. What is wrong is left out, with a fault."""
    if document.data is None:
        return {}
    if not isinstance(document.data, Mapping):
        diagnostics.error("a configuration file is a mapping", document.position(), did_you_mean("", {path[0] for path in SETTINGS}))
        return {}
    _refuse_unknown_keys(document, diagnostics)
    return dict(accepted(document, diagnostics, {path: path for path in SETTINGS}))


def in_own_form(chosen: Mapping[str, Any]) -> dict[str, Any]:
    """Settings, by their names in `Settings`, as a file in our own form has them."""
    form: dict[str, Any] = {}
    for path, (setting, _, _) in SETTINGS.items():
        if setting in chosen:
            *above, last = path
            below = form
            for key in above:
                below = below.setdefault(key, {})
            below[last] = chosen[setting]
    return form


Check = Callable[[Any], str | None]
"""Says what a value has to be, where it is not that."""


def is_text(value: Any) -> str | None:
    return None if isinstance(value, str) and value else "text"


def _truth(value: Any) -> str | None:
    return None if isinstance(value, bool) else "true or false"


def _address(value: Any) -> str | None:
    return None if isinstance(value, str) and ":" in value else "the address of a store, such as redis://host:6379/0"


def _level(value: Any) -> str | None:
    return None if isinstance(value, str) and value.upper() in (*LEVELS, "WARN") else f"one of {', '.join(LEVELS)}"


def whole_number(least: int, most: int) -> Check:
    def check(value: Any) -> str | None:
        fits = isinstance(value, int) and not isinstance(value, bool) and least <= value <= most
        return None if fits else f"a whole number from {least} to {most}"

    return check


def _seconds(value: Any) -> str | None:
    return None if isinstance(value, (int, float)) and not isinstance(value, bool) and value > 0 else "a number of seconds above 0"


def _level_name(value: str) -> str:
    return "WARNING" if value.upper() == "WARN" else value.upper()


is_port = whole_number(1, 65535)

SETTINGS: Mapping[Path, tuple[str, Check, Callable[[Any], Any]]] = {
    ("data_dir",): ("data_dir", is_text, str),
    ("store", "url"): ("store_url", _address, str),
    ("logging", "file"): ("log_file", is_text, str),
    ("logging", "level"): ("log_level", _level, _level_name),
    ("rest", "host"): ("rest_host", is_text, str),
    ("rest", "port"): ("rest_port", is_port, int),
    ("rest", "tokens"): ("rest_tokens", is_tokens, lambda entries: tuple(map(Token.of, entries))),
    ("rest", "hosts"): ("rest_hosts", is_texts, tuple),
    ("rest", "cors"): ("rest_cors", is_origins, tuple),
    ("rest", "interval"): ("rest_interval", _seconds, float),
    ("rest", "drain"): ("rest_drain", _seconds, float),
    ("rest", "cooldown"): ("rest_cooldown", _seconds, float),
    ("rest", "private_targets"): ("rest_private_targets", _truth, bool),
    ("rest", "body_limit"): ("rest_body_limit", whole_number(1, 1024**3), int),
    ("parallelize",): ("parallelize", _truth, bool),
    ("parallelism",): ("parallelism", whole_number(1, 10_000), int),
    ("create_timeout",): ("create_timeout", _seconds, float),
}
"""By place in our own form: the setting, what its value has to be, and how it is kept."""


def accepted(document: Document, diagnostics: Diagnostics, places: Mapping[Path, Path]) -> Iterator[tuple[str, Any]]:
    """The settings found at `places`, each of which stands for the place of our own form that it is mapped to."""
    for place, own in places.items():
        value = value_at(document.data, place)
        if value is None:
            continue
        if isinstance(value, SecretReference):
            value = resolve(value)
        setting, check, keep = SETTINGS[own]
        wanted = check(value)
        if wanted:
            diagnostics.error(f"'{'.'.join(place)}' has to be {wanted}", document.position(place))
        else:
            yield setting, keep(value)


def value_at(data: Any, path: Path) -> Any:
    for key in path:
        data = data.get(key) if isinstance(data, Mapping) else None
    return data


def _refuse_unknown_keys(document: Document, diagnostics: Diagnostics) -> None:
    for key, value in document.data.items():
        below = {path[1] for path in SETTINGS if path[0] == key and len(path) > 1}
        if not any(path[0] == key for path in SETTINGS):
            hint = did_you_mean(key, {path[0] for path in SETTINGS})
            diagnostics.error(f"the setting '{key}' is not known", document.position([key], of_key=True), hint)
        elif below and value is not None and not isinstance(value, Mapping):
            diagnostics.error(f"'{key}' has to be a mapping", document.position([key]), did_you_mean("", below))
        elif below:
            for name in (value or {}).keys() - below:
                place = document.position([key, name], of_key=True)
                diagnostics.error(f"the setting '{key}.{name}' is not known", place, did_you_mean(name, below))
