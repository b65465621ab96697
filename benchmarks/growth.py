"""How the processor time from files to a plan grows with the size of the description."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import fresh
import scale
from table import Row

SMALL, LARGE = 1_000, 10_000


def rows() -> Iterator[Row]:
    small, large = (fresh.run("growth", "best_of_three", size).value for size in (SMALL, LARGE))
    for name in small:
        yield Row(f"{name}: processor time", f"{LARGE:,}", large[name], 10 * small[name], f"ten times that of {SMALL:,}", ratio=1.1)


def best_of_three(size: int) -> dict[str, float]:
    with tempfile.TemporaryDirectory() as folder:
        scale.measure(100, Path(folder))  # imports and first uses are not what is measured
        return min((scale.measure(size, Path(folder)) for _ in range(3)), key=lambda times: times["together"])
