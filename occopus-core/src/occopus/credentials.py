"""Credentials: which entry of the authentication file belongs to which section."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from occopus.credentials_file import DROPPED, INSTEAD, WHY_DROPPED, Entry, read_entries
from occopus.descriptors.loader import load_file
from occopus.diagnostics import Diagnostics
from occopus.errors import CredentialsError
from occopus.masking import Masker
from occopus.model.secret import SecretReference
from occopus.secrets import resolve, resolve_in

NOT_SECRET = frozenset({"type", "username", "email", "client_name"})
"""Keys of `auth_data` whose values may be seen: masking 'ubuntu' or 'password' everywhere would make reports unreadable."""


class Credentials:
    """The entries of an authentication file. Every secret in it, and every one that is looked up for it, is told to the masker."""

    def __init__(
        self,
        entries: Sequence[Entry] = (),
        masker: Masker | None = None,
        look_up: Callable[[SecretReference], str] = resolve,
        name: str | None = None,
    ) -> None:
        self.entries = tuple(entries)
        self._masker = masker or Masker()
        self._look_up = look_up
        self._name = name
        for secret in self.secrets():
            self._masker.add(secret)

    def select(self, kind: str, section: Mapping[str, Any], required: bool = True) -> Mapping[str, Any] | None:
        """The `auth_data` for a section (`resource`, `config_management` or `notifier`), its references looked up; None where nothing
        fits and nothing is required. Of several entries, one that names all the keys of the others and more is the one.

        Raises:
            CredentialsError: no entry fits, or several do, or one that is not supported any more. It shows keys without any secret.
            UsageError: a secret that the entry refers to is not there.
        """
        chosen = self._choose(kind, section, required)
        if chosen and chosen.auth_data.get("type") == DROPPED:
            raise CredentialsError(f"{self._file()}, {self._describe(chosen)}: {WHY_DROPPED}", INSTEAD)
        return self._revealed(chosen.auth_data) if chosen else None

    def place(self, kind: str, section: Mapping[str, Any]) -> str:
        """Where the `auth_data` for a section stands, in words."""
        chosen = self._choose(kind, section, required=False)
        return f"the entry {self._describe(chosen)} in {self._file()}" if chosen else self._file()

    def _choose(self, kind: str, section: Mapping[str, Any], required: bool) -> Entry | None:
        fitting = [entry for entry in self.entries if entry.kind == kind and entry.fits(section)]
        best = _most_specific(fitting)
        if best:
            return best
        if fitting:
            raise CredentialsError(
                f"several entries under '{kind}' in {self._file()} fit {_shown(section, fitting)}: {self._list(fitting)}",
                "give the right one a key more, 'name' or 'endpoint' for example",
            )
        if required:
            raise self._nothing_fits(kind, section)
        return None

    def secrets(self) -> Iterator[str]:
        """The values of all entries that must not be seen, for a masker."""
        for entry in self.entries:
            yield from _values(entry.auth_data)

    def _revealed(self, auth_data: Mapping[str, Any]) -> Mapping[str, Any]:
        revealed: Mapping[str, Any] = resolve_in(auth_data, self._look_up)
        for secret in _values(revealed):
            self._masker.add(secret)
        return revealed

    def _nothing_fits(self, kind: str, section: Mapping[str, Any]) -> CredentialsError:
        others = [entry for entry in self.entries if entry.kind == kind]
        same_type = [entry for entry in others if entry.criteria.get("type") == section.get("type")] or others
        there = f"it has {self._list(same_type)}" if same_type else f"it has no entries under '{kind}'"
        if not (self._name or self.entries):
            there = "there is no authentication file"
        return CredentialsError(
            f"no credentials fit {_shown(section, same_type)} under '{kind}': {there}",
            "add an entry to the authentication file (--auth_data_path, $OCCOPUS_AUTH_DATA_PATH or ~/.occopus/auth_data.yaml)",
        )

    def _file(self) -> str:
        return f"'{self._name}'" if self._name else "the credentials"

    def _list(self, entries: Sequence[Entry]) -> str:
        shown = [self._describe(entry) for entry in entries[:10]]
        return "; ".join(shown) + ("; ..." if len(entries) > 10 else "")

    def _describe(self, entry: Entry) -> str:
        place = f" (line {entry.position.line})" if entry.position else ""
        return "{" + _pairs(self._masker.mask_data(entry.criteria)) + "}" + place


def load_credentials(path: Path | None, diagnostics: Diagnostics, masker: Masker | None = None) -> Credentials:
    """Reads the authentication file; without one there are no entries. Faults show no line of it."""
    if path is None:
        return Credentials((), masker)
    _warn_if_open(path, diagnostics)
    document = load_file(path, diagnostics, confidential=True)
    entries = read_entries(document, diagnostics) if document else []
    return Credentials(entries, masker, name=str(path))


def _warn_if_open(path: Path, diagnostics: Diagnostics) -> None:
    try:
        mode = path.stat().st_mode
    except OSError:
        return  # reading it will say why
    if mode & 0o077:
        diagnostics.warning(f"the authentication file '{path}' can be read by others ({mode & 0o777:04o})", None, f"chmod 600 {path}")


def _most_specific(entries: Sequence[Entry]) -> Entry | None:
    """The one entry whose keys are strictly more than those of each other one."""
    if not entries:
        return None
    best = max(entries, key=lambda entry: len(entry.criteria))
    return best if all(entry is best or entry.criteria.keys() < best.criteria.keys() for entry in entries) else None


def _shown(section: Mapping[str, Any], entries: Sequence[Entry]) -> str:
    """The section by the keys that entries may ask for."""
    keys = dict.fromkeys(["type", "name", "endpoint", *(key for entry in entries for key in entry.criteria)])
    return "{" + _pairs(Masker().mask_data({key: section[key] for key in keys if key in section})) + "}"


def _pairs(data: Mapping[str, Any]) -> str:
    return ", ".join(f"{key}: {value}" for key, value in data.items())


def _values(data: Any, key: str = "") -> Iterator[str]:
    """The values that nobody may see: all but names, truth values and references."""
    if isinstance(data, Mapping):
        for each, value in data.items():
            yield from _values(value, str(each))
    elif isinstance(data, list):
        for value in data:
            yield from _values(value, key)
    elif isinstance(data, (str, int, float)) and not isinstance(data, bool) and key not in NOT_SECRET:
        yield str(data)
