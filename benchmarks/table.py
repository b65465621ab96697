"""The table: each line has what was measured beside the least that is possible, and says whether it meets its aim."""

from collections.abc import Callable
from dataclasses import dataclass

Form = Callable[[float], str]


def seconds(value: float) -> str:
    if value < 1:
        return f"{value * 1e3:.1f} ms" if value >= 1e-3 else f"{value * 1e6:.0f} µs"
    return f"{value:.2f} s" if value < 100 else f"{value:,.0f} s"


def number(value: float) -> str:
    return f"{value:,.0f}" if value == int(value) or value >= 1000 else f"{value:,.2f}"


def megabytes(value: float) -> str:
    return f"{value / 2**20:,.0f} MB"


@dataclass(frozen=True)
class Row:
    """One line. `floor` is the least that is possible, or what it is compared with, and `bound` says what that is.

    The aim is the most that is wanted: of the ratio of both (`ratio`), or of what was measured itself (`most`).
    """

    what: str
    size: str
    measured: float
    floor: float
    bound: str
    form: Form = seconds
    ratio: float | None = None
    most: float | None = None

    @property
    def quotient(self) -> float | None:
        """How many times the floor; None where the floor is nothing at all."""
        return self.measured / self.floor if self.floor else None

    @property
    def aim(self) -> str:
        if self.most is not None:
            return f"≤ {self.form(self.most)}"
        return f"ratio ≤ {self.ratio:g}" if self.ratio is not None else ""

    @property
    def verdict(self) -> str:
        found, most = (self.measured, self.most) if self.most is not None else (self.quotient, self.ratio)
        if found is None or most is None:
            return ""
        return "met" if found <= most else "MISSED"


LINE = "{:<46} {:>6} {:>10} {:>10} {:>7} {:>13} {:<6}  {}"


def heading() -> str:
    return LINE.format("what", "size", "measured", "floor", "ratio", "aim", "", "the floor is")


def line(row: Row) -> str:
    quotient = "" if row.quotient is None else f"{row.quotient:.3f}" if row.quotient < 10 else f"{row.quotient:,.1f}"
    figures = (row.form(row.measured), row.form(row.floor), quotient, row.aim, row.verdict)
    return LINE.format(row.what, row.size, *figures, row.bound)
