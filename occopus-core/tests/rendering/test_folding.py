"""Values whose line breaks are doubled, as cloud-configs of the original needed them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from textwrap import dedent

import pytest
import yaml

from occopus.plugins.contextualiser import UserData
from occopus.rendering.folding import folded
from occopus.workspace import Workspace

KEY = "-----BEGIN KEY-----\n \nMIIE\n\nAg==\n\n-----END KEY-----\n"
AS_IT_IS_MEANT = "-----BEGIN KEY-----\nMIIE\nAg==\n-----END KEY----- "


@pytest.mark.parametrize(
    ("value", "result"),
    [
        (KEY, AS_IT_IS_MEANT),
        (KEY.rstrip("\n"), AS_IT_IS_MEANT.rstrip(" ")),
        ("  a  \n\n  b\n \t\nc", "  a\nb\nc"),
        # Others are what they are.
        ("a\nb\nc\n", "a\nb\nc\n"),
        ("a\n\nb\n", "a\n\nb\n"),
        ("a\n\nb\nc\n\nd", "a\n\nb\nc\n\nd"),
        ("a\n\nb\n\n\nc", "a\n\nb\n\n\nc"),
        ("\n\n\n\n", "\n\n\n\n"),
        (7, 7),
        (None, None),
    ],
)
def test_folding(value: object, result: object) -> None:
    assert folded(value) == result


@pytest.mark.parametrize("text", [KEY, KEY.rstrip("\n"), "a\n\nb\n \nc"])
def test_it_is_what_yaml_makes_of_it_between_quotes(text: str) -> None:
    assert folded(text) == yaml.safe_load(f'"{text}"')


@pytest.fixture
def made(tmp_path: Path, occopus_home: Path) -> Callable[[str], tuple[str, list[str]]]:
    """What a context template makes of a variable with doubled line breaks, and the warnings."""

    def make(template: str) -> tuple[str, list[str]]:
        infra = {"infra_name": "x", "user_id": "me", "variables": {"pairs": [{"private": KEY}]}, "nodes": [{"name": "n", "type": "n"}]}
        (tmp_path / "infra.yaml").write_text(yaml.safe_dump(infra))
        (tmp_path / "nodes.yaml").write_text(dedent(template))
        workspace = Workspace.open()
        read = workspace.read([tmp_path / "infra.yaml", tmp_path / "nodes.yaml"])
        assert read.infrastructure
        (row,) = workspace.render(read.infrastructure)
        assert isinstance(row.inputs.context, UserData)
        return row.inputs.context.text, [fault.message for fault in read.warnings]

    return make


MAPPING = """
'node_def:n':
- resource: {type: local}
  contextualisation:
    type: cloudinit
    context_template:
      write_files:
      - path: /root/key
        content: |
          {{ variables.pairs[0].private }}
      - path: /root/encoded
        content: "{{ variables.pairs[0].private | b64encode }}"
"""


def test_a_cloud_config_that_is_a_mapping_gets_the_lines_and_a_warning_says_so(made: Callable[[str], tuple[str, list[str]]]) -> None:
    text, warnings = made(MAPPING)
    plain, encoded = yaml.safe_load(text)["write_files"]
    assert plain["content"] == AS_IT_IS_MEANT + "\n"
    assert "\n" not in encoded["content"], "only what is put in is folded"
    (warning,) = warnings
    assert warning.startswith("variables.pairs[0].private has a blank line after each line")
    assert "MIIE" not in warning


def test_a_text_gets_it_as_it_is_written(made: Callable[[str], tuple[str, list[str]]]) -> None:
    text, warnings = made(
        """
        'node_def:n':
        - resource: {type: local}
          contextualisation: {type: cloudinit, context_template: "#!/bin/sh\\n{{ variables.pairs[0].private }}"}
        """
    )
    assert (text, warnings) == (f"#!/bin/sh\n{KEY}", [])
