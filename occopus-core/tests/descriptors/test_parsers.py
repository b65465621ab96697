"""Where PyYAML was built without libyaml, its own parser does."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from occopus.descriptors.composer import Composer
from occopus.descriptors.loading import Loading
from occopus.descriptors.tags import Tags
from occopus.descriptors.text import Text
from occopus.diagnostics import Diagnostics


class PurePython(Composer):
    """The composer on PyYAML's own parser."""

    parser = yaml.SafeLoader


@pytest.mark.parametrize(
    "text",
    [
        "a: [1, {b: &x 2}]\nc: *x\n",
        "a:\n\tb: 1\n",
        "a: [1, 2\nb: 3\n",
        "a: 'x\n",
        "a: b: c\n",
        "a:\n  - x\n y: 1\n",
        "a: @x\n",
        "a: - b\n",
        "a: ]\n",
        "%YAML 3.0\n--- a\n",
        'a: "\\UFFFFFFFF"\n',
        "[" * 3000,
    ],
)
def test_both_parsers_lead_to_the_same(text: str, tmp_path: Path) -> None:
    found = []
    for composer in (Composer, PurePython):
        diagnostics = Diagnostics()
        loading = Loading(diagnostics)
        source = Text("f", text, tmp_path)
        root = composer(source, loading, Tags(source, loading, lambda text, loading: None).apply).compose()
        lines = {fault.position.line if fault.position else 0 for fault in diagnostics.faults}
        found.append((root and root.data, len(diagnostics.faults), lines))
    assert found[0] == found[1]
