"""Loading: the data is PyYAML's, and everything in it has its place."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from occopus.descriptors.loader import Document, load_file, load_text
from occopus.diagnostics import Diagnostics
from occopus.model.secret import SecretReference

TUTORIALS = Path(__file__).parents[3].parent / "shared" / "tutorials"


def load(text: str | bytes, **options: object) -> Document:
    diagnostics = Diagnostics()
    document = load_text(text, "f.yaml", diagnostics, **options)  # type: ignore[arg-type]
    assert diagnostics.faults == ()
    assert document is not None
    return document


def place(document: Document, *path: str | int, of_key: bool = False) -> str:
    return str(document.position(path, of_key))


SAMPLE = """\
infra_name: demo
nodes:
  - &S
    name: sender
    ports: [80, 0x1F, 010, 1_000]
    yes: no
    empty:
    text: |
      one
      two
  - name: "receiver"
dependencies:
  - [ *S, *S ]
"""


def test_plain_data_is_what_the_safe_loader_makes_of_it() -> None:
    assert load(SAMPLE).data == yaml.safe_load(SAMPLE)


@pytest.mark.parametrize(
    ("path", "of_key", "expected"),
    [
        ((), False, "1:1"),
        (("infra_name",), False, "1:13"),
        (("infra_name",), True, "1:1"),
        (("nodes", 0), False, "3:5"),
        (("nodes", 0, "name"), False, "4:11"),
        (("nodes", 0, "name"), True, "4:5"),
        (("nodes", 0, "ports", 1), False, "5:17"),
        (("nodes", 0, "text"), False, "8:11"),
        (("nodes", 1, "name"), False, "11:11"),
        (("dependencies", 0, 1, "name"), False, "4:11"),
        (("nodes", 0, True), True, "6:5"),
    ],
)
def test_every_value_and_key_has_its_place(path: tuple[str | int, ...], of_key: bool, expected: str) -> None:
    assert place(load(SAMPLE), *path, of_key=of_key) == f"f.yaml:{expected}"


@pytest.mark.parametrize("path", [("nodes", 5), ("nodes", -1), ("nodes", "x"), ("nodes", 7, "name")])
def test_a_path_that_leads_nowhere_has_the_place_of_what_is_nearest(path: tuple[str | int, ...]) -> None:
    assert place(load(SAMPLE), *path) == "f.yaml:3:3"
    assert place(load(SAMPLE), *path, of_key=True) == "f.yaml:3:3"


MERGES = """\
base: &base {a: 1, b: 2}
other: &other {b: 3, c: 4}
one:
  <<: *base
  b: own
two:
  <<: [*base, *other]
three:
  d: 1
  <<: *other
  <<: *base
literal:
  "<<": text
"""


def test_merge_keys_give_the_data_of_the_safe_loader_and_places_where_the_keys_stand() -> None:
    document = load(MERGES)
    reference = yaml.safe_load(MERGES.partition("literal")[0])
    assert {key: document.data[key] for key in reference} == reference
    assert document.data["literal"] == {"<<": "text"}
    assert place(document, "one", "a") == "f.yaml:1:17"
    assert place(document, "one", "a", of_key=True) == "f.yaml:1:14"
    assert place(document, "one", "b") == "f.yaml:5:6"
    assert place(document, "two", "c", of_key=True) == "f.yaml:2:22"


def test_aliases_share_one_value() -> None:
    data = load("a: &a {x: [1]}\nb: *a\n").data
    assert data["b"] is data["a"]


@pytest.mark.parametrize("text", ["2026-01-02", "2026-01-02 03:04:05", "2026-01-02T03:04:05Z", "!!timestamp 2026-01-02"])
def test_dates_stay_the_text_that_was_written(text: str) -> None:
    assert load(f"a: {text}").data == {"a": text.removeprefix("!!timestamp ")}


def test_tags_of_yaml_itself_mean_what_they_say() -> None:
    data = load('a: !!str 1\nb: !!int "3"\nc: !!float 3\nd: !!null ""\ne: !!bool "yes"\nf: !!seq [1]\ng: !!map {}\nh: ! 12\ni: =\n').data
    assert data == {"a": "1", "b": 3, "c": 3.0, "d": None, "e": True, "f": [1], "g": {}, "h": "12", "i": "="}


@pytest.mark.parametrize("text", ["", "\n\n", "# only a comment\n", "---\n", "\ufeff"])
def test_an_empty_text_holds_nothing(text: str) -> None:
    document = load(text)
    assert document.data is None
    assert place(document, "a").startswith("f.yaml:1:")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_the_encodings_of_yaml_are_read(encoding: str) -> None:
    document = load("név: é\nb: 𝄞 x\n".encode(encoding))
    assert document.data == {"név": "é", "b": "𝄞 x"}
    assert place(document, "b") == "f.yaml:2:4"


def test_windows_line_ends_do_not_move_places() -> None:
    assert place(load("a: 1\r\nb:\r\n  c: 2\r\n"), "b", "c") == "f.yaml:3:6"


@pytest.mark.parametrize("kind", ["env", "keyring"])
def test_a_secret_becomes_a_reference(kind: str) -> None:
    document = load(f"a: !secret {{{kind}: my/name}}")
    assert document.data == {"a": SecretReference(kind, "my/name")}
    assert place(document, "a", "env") == "f.yaml:1:4"


def test_the_file_of_a_secret_is_found_from_the_folder_of_the_text(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("a: !secret {file: s.txt}\nb: !secret {file: ~/s.txt}\nc: !secret {file: /abs/s.txt}\n")
    document = load_file(tmp_path / "a.yaml", Diagnostics())
    assert document is not None
    expected = [str(tmp_path / "s.txt"), "~/s.txt", "/abs/s.txt"]
    assert [reference.name for reference in document.data.values()] == expected


def test_lenient_loading_takes_unknown_tags_for_none() -> None:
    document = load("a: !UDS &u {protocol: redis}\nb: !python_import [x]\nc: *u\nd: !Thing 12\n", lenient=True)
    assert document.data == {"a": {"protocol": "redis"}, "b": ["x"], "c": {"protocol": "redis"}, "d": "12"}


def test_a_large_infrastructure_passes_every_limit() -> None:
    nodes = "".join(f"  - &N{i}\n    name: n{i}\n    type: t\n    scaling: {{min: 1}}\n" for i in range(2_000))
    edges = "".join(f"  - [ *N{i}, *N{i // 2} ]\n  - [ *N{i}, *N{i // 3} ]\n" for i in range(2_000))
    document = load(f"nodes:\n{nodes}dependencies:\n{edges}")
    assert len(document.data["dependencies"]) == 4_000
    assert place(document, "dependencies", 3_998, 0, "name") == "f.yaml:7999:11"


def test_every_file_of_the_tutorials_loads_without_a_fault() -> None:
    files = sorted(TUTORIALS.rglob("*.yaml"))
    if not files:
        pytest.skip("NOT CHECKED: there is no folder ../shared/tutorials beside the repository")
    diagnostics = Diagnostics()
    for file in files:
        document = load_file(file, diagnostics)
        assert document is not None, file
        assert document.data is not None, file
    assert [str(fault) for fault in diagnostics.faults] == []


_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text() | st.integers(), inner, max_size=4),
    max_leaves=12,
)


@settings(deadline=None)
@given(_VALUES, st.booleans())
def test_whatever_is_written_as_yaml_is_read_as_the_safe_loader_does(value: object, flow: bool) -> None:
    text = yaml.safe_dump(value, allow_unicode=True, default_flow_style=flow, width=60)
    assert load(text).data == yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))


@settings(deadline=None)
@given(st.text("0123456789+-_.:xbeEfo~nulyNOTrs", max_size=8))
def test_plain_scalars_mean_what_they_mean_to_the_safe_loader(text: str) -> None:
    source = f"- a\n- {text}\n"
    try:
        expected = yaml.safe_load(source)
    except Exception:
        return
    diagnostics = Diagnostics()
    document = load_text(source, "f.yaml", diagnostics)
    assert document is not None
    if not diagnostics.faults and not hasattr(expected[1], "year"):
        assert document.data == expected
        assert type(document.data[1]) is type(expected[1])


def _paths(data: object, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    items = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    return [path, *(each for key, value in items for each in _paths(value, (*path, key)))]


@settings(deadline=None)
@given(_VALUES, st.booleans())
def test_every_place_lies_inside_the_text(value: object, flow: bool) -> None:
    text = yaml.safe_dump(value, allow_unicode=True, default_flow_style=flow)
    document = load(text)
    lines = text.split("\n")
    for path in _paths(document.data):
        for of_key in (False, True):
            position = document.position(path, of_key)
            assert 1 <= position.line <= len(lines)
            assert 1 <= position.column <= len(lines[position.line - 1]) + 1
