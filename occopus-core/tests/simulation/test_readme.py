"""What the package's README tells authors of plugins about the simulation works as it stands there."""

from __future__ import annotations

import re
from pathlib import Path

README = Path(__file__).parents[2] / "README.md"


def test_the_example_runs() -> None:
    (example,) = (code for code in re.findall(r"```python\n(.*?)```", README.read_text(), re.DOTALL) if "World(" in code)
    found: dict[str, object] = {}
    exec(example, found)
    assert len(found["world"].clouds["cloud"].made) == 2  # type: ignore[attr-defined]
