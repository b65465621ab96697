"""The published tutorials, by path: they are no part of the project."""

from __future__ import annotations

from pathlib import Path

import pytest

TUTORIALS = Path(__file__).parents[4] / "shared" / "tutorials"

needs_tutorials = pytest.mark.skipif(
    not TUTORIALS.is_dir(), reason="THE TUTORIALS ARE NOT THERE: put them into ../shared/tutorials beside the repository"
)
