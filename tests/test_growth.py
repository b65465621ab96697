"""The work from files to a plan grows with a description, not with its square: counted in calls, since timings belong to the benchmarks."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

BENCHMARK = Path(__file__).parent.parent / "benchmarks" / "scale.py"


def benchmark() -> ModuleType:
    spec = importlib.util.spec_from_file_location("scale", BENCHMARK)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def calls(size: int, scale: Any, folder: Path) -> int:
    """How many functions are called, Python's and C's, for a description of that many nodes."""
    count = 0

    def note(frame: object, event: str, argument: object) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    sys.setprofile(note)
    try:
        scale.measure(size, folder)
    finally:
        sys.setprofile(None)
    return count


def test_the_work_grows_linearly(tmp_path: Path) -> None:
    scale = benchmark()
    scale.measure(10, tmp_path)  # imports and first uses do not count
    small, large = (calls(size, scale, tmp_path) for size in (150, 600))
    assert large < 4.6 * small, f"four times the nodes take {large / small:.1f} times the calls"
