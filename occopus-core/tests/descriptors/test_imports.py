"""Imports: found from the file that holds the tag, with places in the file they come from."""

from __future__ import annotations

from pathlib import Path

import pytest

from occopus.descriptors import limits
from occopus.descriptors.loader import Document, load_file, load_text
from occopus.diagnostics import Diagnostics
from occopus.errors import UsageError


def write(folder: Path, **files: str) -> None:
    for name, content in files.items():
        path = folder / name.replace("__", "/")
        path.parent.mkdir(exist_ok=True)
        path.with_suffix(".yaml").write_text(content)


def load(folder: Path, name: str = "main.yaml") -> tuple[Document | None, list[str]]:
    diagnostics = Diagnostics()
    document = load_file(folder / name, diagnostics)
    return document, [f"{fault.position}: {fault.message}".replace(f"{folder}/", "") for fault in diagnostics.faults]


def test_imports_nest_and_start_from_their_own_file(tmp_path: Path) -> None:
    write(
        tmp_path,
        main="a: !yaml_import {url: file://sub/one.yaml}\nt: !text_import\n  url: file://sub/two.yaml\n",
        sub__one="x: 1\ny: !yaml_import\n  url: file://two.yaml\n",
        sub__two="\n  z: [1, 2]\n",
    )
    document, found = load(tmp_path)
    assert document is not None
    assert found == []
    assert document.data == {"a": {"x": 1, "y": {"z": [1, 2]}}, "t": "\n  z: [1, 2]\n"}
    assert str(document.position(["a", "y", "z", 1])) == f"{tmp_path}/sub/two.yaml:2:10"
    assert str(document.position(["a", "y"], of_key=True)) == f"{tmp_path}/sub/one.yaml:2:1"
    assert str(document.position(["a"], of_key=True)) == f"{tmp_path}/main.yaml:1:1"
    assert str(document.position(["t"])) == f"{tmp_path}/sub/two.yaml:1:1"


@pytest.mark.parametrize("url", ["file://a b.yaml", "file://a%20b.yaml", "FILE://./a b.yaml", "file://{folder}/a b.yaml"])
def test_the_ways_to_write_a_url(tmp_path: Path, url: str) -> None:
    (tmp_path / "a b.yaml").write_text("x: 1")
    for form in ('{{url: "{}"}}', '"{}"'):
        write(tmp_path, main="a: !yaml_import " + form.format(url.format(folder=tmp_path)))
        document, found = load(tmp_path)
        assert found == []
        assert document is not None
        assert document.data == {"a": {"x": 1}}


def test_imported_mappings_can_be_merged_and_repeated(tmp_path: Path) -> None:
    write(tmp_path, main="a: &a !yaml_import file://b.yaml\nc:\n  <<: *a\n  y: 2\nd: !yaml_import file://b.yaml\n", b="x: 1\n")
    document, found = load(tmp_path)
    assert found == []
    assert document is not None
    assert document.data == {"a": {"x": 1}, "c": {"x": 1, "y": 2}, "d": {"x": 1}}
    assert str(document.position(["c", "x"])) == f"{tmp_path}/b.yaml:1:4"
    assert document.data["d"] is document.data["a"]


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("!yaml_import {url: file://none.yaml}", "there is no file 'none.yaml'"),
        ("!text_import {url: file://sub}", "'sub' is a folder, not a file"),
        ("!yaml_import {url: 'http://x/y.yaml'}", "'http://x/y.yaml' cannot be imported: only file:// is supported"),
        ("!yaml_import {url: y.yaml}", "'y.yaml' cannot be imported: only file:// is supported"),
        ("!yaml_import {url: 'file://'}", "'file://' cannot be imported: only file:// is supported"),
        ("!yaml_import {uri: file://x}", "'!yaml_import' takes a url and nothing else"),
        ("!yaml_import {url: file://x, b: 1}", "'!yaml_import' takes a url and nothing else"),
        ("!text_import", "'!text_import' takes a url and nothing else"),
        ("!text_import [x]", "'!text_import' takes a url and nothing else"),
        ("!yaml_import {url: 'file://a%00b'}", "the file 'a\0b' cannot be read"),
        ("!yaml_import {url: file://main.yaml}", "this file imports itself: main.yaml → main.yaml"),
    ],
)
def test_an_import_that_fails_is_a_fault_at_its_tag(tmp_path: Path, value: str, message: str) -> None:
    write(tmp_path, main=f"a:\n  b: {value}\nc: 1\n", sub__x="")
    document, found = load(tmp_path)
    assert found == [f"main.yaml:2:6: {message}"]
    assert document is not None
    assert document.data == {"a": {"b": None}, "c": 1}


def test_a_file_that_may_not_be_read_is_told() -> None:
    def refuse(path: Path) -> bytes:
        raise PermissionError(13, "Permission denied", str(path))

    diagnostics = Diagnostics()
    load_text("a: !text_import file://x.txt", "f", diagnostics, reader=refuse)
    assert [str(f.position) + f.message for f in diagnostics.faults] == ["f:1:4the file 'x.txt' may not be read"]


def test_the_reader_decides_what_may_be_imported() -> None:
    asked: list[Path] = []

    def own_files_only(path: Path) -> bytes:
        asked.append(path)
        if path != Path("upload/b.yaml"):
            raise UsageError(f"'{path.name}' is not among the files that were sent", "send it too")
        return b"x: 1"

    diagnostics = Diagnostics()
    text = "a: !yaml_import file://b.yaml\nc: !text_import file:///etc/passwd\n"
    document = load_text(text, "f", diagnostics, Path("upload"), own_files_only)
    assert document is not None
    assert document.data == {"a": {"x": 1}, "c": None}
    assert asked == [Path("upload/b.yaml"), Path("/etc/passwd")]
    assert [(f.message, f.hint) for f in diagnostics.faults] == [("'passwd' is not among the files that were sent", "send it too")]


def test_files_that_import_each_other_in_a_circle_are_named(tmp_path: Path) -> None:
    write(
        tmp_path,
        main="a: !yaml_import file://one.yaml\n",
        one="b: !yaml_import file://sub/two.yaml\n",
        sub__two="c: 1\nd: !yaml_import file://../sub/../one.yaml\n",
    )
    _, found = load(tmp_path)
    assert found == ["sub/two.yaml:2:4: this file imports itself: one.yaml → two.yaml → one.yaml"]


def test_a_long_chain_of_imports_ends(tmp_path: Path) -> None:
    for number in range(limits.IMPORTS + 5):
        write(tmp_path, **{f"f{number}": f"a: !yaml_import file://f{number + 1}.yaml\n"})
    _, found = load(tmp_path, "f0.yaml")
    assert found == [f"f{limits.IMPORTS}.yaml:1:4: files import each other in a chain of more than {limits.IMPORTS}"]


def test_a_fault_in_one_file_leaves_the_others_to_be_read(tmp_path: Path) -> None:
    write(
        tmp_path,
        main="a: !yaml_import file://broken.yaml\nb: !yaml_import file://twice.yaml\nc: *no\n",
        broken="x: [\n",
        twice="y: 1\ny: 2\n",
    )
    document, found = load(tmp_path)
    assert [each.split(": ")[0] for each in found] == ["broken.yaml:1:5", "main.yaml:3:4", "twice.yaml:2:1"]
    assert document is not None
    assert document.data == {"a": None, "b": {"y": 2}, "c": None}


def test_imports_count_towards_the_depth(tmp_path: Path) -> None:
    deep = "[" * 60 + "]" * 60
    write(tmp_path, main=f"a: {'[' * 60}!yaml_import file://deep.yaml{']' * 60}\n", deep=deep)
    _, found = load(tmp_path)
    assert found == ["main.yaml:1:64: lists and mappings are nested deeper than 100 levels"]


def test_text_that_is_no_text_is_told_in_its_own_file(tmp_path: Path) -> None:
    write(tmp_path, main="a: !text_import file://latin.txt\n")
    (tmp_path / "latin.txt").write_bytes(b"ab\n\xe9")
    assert load(tmp_path)[1] == ["latin.txt:2:1: this is not UTF-8 text: byte 0xE9 does not fit"]
