"""The name that an author gives a plugin, and all names that follow from it."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from occopus.errors import UsageError

NAME = re.compile(r"[a-z][a-z0-9]*([-_][a-z0-9]+)*")
LONGEST = 24
"""Characters of a name: the longest line of what is written still fits."""

PREFIX = "occopus-"
PREFIXES = (PREFIX, "occopus_")


@dataclass(frozen=True)
class Names:
    """What a plugin is called: `name` is what users write."""

    name: str

    @classmethod
    def of(cls, name: str) -> Names:
        """Raises:
        UsageError: it can't be the name of a plugin.
        """
        if NAME.fullmatch(name) and len(name) <= LONGEST and not name.startswith(PREFIXES):
            return cls(name)
        near = suggestion(name)
        hint = f"'{near}', for example" if near else "'mycloud', for example"
        raise UsageError(
            f"'{name}' can't be the name of a plugin: at most {LONGEST} lower case letters and digits, a letter first, with single '-' or "
            f"'_' between them; '{PREFIX}' is put before it",
            hint,
        )

    @property
    def package(self) -> str:
        """The distribution, and its folder."""
        return PREFIX + self.dashed

    @property
    def module(self) -> str:
        """What Python imports."""
        return f"occopus_{self.name.replace('-', '_')}"

    @property
    def camel(self) -> str:
        """What classes begin with."""
        return "".join(part.capitalize() for part in re.split("[-_]", self.name))

    @property
    def dashed(self) -> str:
        """As host names and distributions are spelt."""
        return self.name.replace("_", "-")


def suggestion(name: str) -> str:
    """The nearest right name; empty where none is near."""
    plain = unicodedata.normalize("NFKD", name.casefold()).encode("ascii", "ignore").decode()
    joined = re.sub(r"[^a-z0-9_]+", "-", plain)
    own = joined.strip("-_").removeprefix(PREFIX).removeprefix("occopus_").lstrip("-_0123456789")
    return re.sub(r"[-_]{2,}", "-", own)[:LONGEST].strip("-_")
