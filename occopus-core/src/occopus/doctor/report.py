"""What was found."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from occopus.diagnostics import Diagnostics, Fault


@dataclass
class Report:
    """Findings in the order of the examination, and a line for each thing that is well. None of it tells a secret, so it is shown as it
    stands: masked once more, advice would lose its words to whoever chose 'secret' for a password.
    """

    findings: list[Fault] = field(default_factory=list)
    well: list[str] = field(default_factory=list)

    @property
    def errors(self) -> int:
        """How many findings must be changed for things to work."""
        return sum(not fault.warning for fault in self.findings)

    def take(self, faults: Iterable[Fault], mask: Callable[[str], str] = str) -> None:
        """Add faults, each once; `mask` hides the secrets that others may have put into them."""
        masked = Diagnostics(mask)
        masked.extend(faults)
        self.findings += [fault for fault in masked.faults if fault not in self.findings]

    def as_text(self) -> str:
        """For people."""
        lines = [str(fault) for fault in self.findings] + [f"well: {line}" for line in self.well]
        doubts = len(self.findings) - self.errors
        return "\n".join([*lines, f"{self.errors} to be changed before it works, {doubts} deprecated, in vain or doubtful"])

    def as_json(self) -> dict[str, Any]:
        """For programs."""
        return {"findings": [fault.as_json() for fault in self.findings], "well": self.well}
