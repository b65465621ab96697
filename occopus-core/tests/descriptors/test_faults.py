"""Faults of a single text: each at its own place, in words, and as many as there are."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from occopus.descriptors import limits
from occopus.descriptors.loader import Document, load_file, load_text
from occopus.diagnostics import Diagnostics


def faults(text: str | bytes, **options: bool) -> tuple[Document | None, list[str]]:
    diagnostics = Diagnostics()
    document = load_text(text, "f", diagnostics, **options)  # type: ignore[arg-type]
    return document, [f"{fault.position}: {fault.message}" for fault in diagnostics.faults]


SYNTAX = [
    ("a:\n\tb: 1\n", "f:2:1", "a tab is used for indentation here, and YAML takes spaces only"),
    ("a:\n  b: 1\n \tc: 2\n", "f:3:2", "a tab is used for indentation here, and YAML takes spaces only"),
    ("a: [1, 2\nb: 3\n", "f:2:2", "a ',' or ']' is missing: the bracket at line 1, column 4 is not closed"),
    ("a: {x: 1\nb: 3\n", "f:2:2", "a ',' or '}' is missing: the bracket at line 1, column 4 is not closed"),
    ("{a: b\n\n", "f:1:6", "a ',' or '}' is missing: the bracket at line 1, column 1 is not closed"),
    ("b: 1\na: 'x\n", "f:2:4", "the quotes that begin here are not closed"),
    ("a: b: c\n", "f:1:5", "a ':' is not expected here"),
    ("key:value\nother: x\n", "f:2:6", "a ':' is not expected here"),
    ("a:\n  - x\n y: 1\n", "f:3:2", "this does not fit what stands before it"),
    ("- a\nb: c\n", "f:2:1", "the list ends here, but the lines after it do not fit"),
    ("a: - b\n", "f:1:4", "a list cannot begin here"),
    ("a: @x\n", "f:1:4", "a value cannot begin with '@'"),
    ('a: "\\q"\n', "f:1:5", "this '\\' in double quotes means nothing"),
    ("a: *\n", "f:1:5", "a name is missing or not allowed after '&' or '*'"),
    ("a: | text\n", "f:1:6", "a text block begins on the line after its '|' or '>'"),
    ("a: ]\n", "f:1:4", "a value is missing before ']'"),
    ("a: !x!y z\n", "f:1:4", "the tag that begins with '!' is not understood"),
    ("%YAML 3.0\n---\na\n", "f:1:1", "only YAML 1.1 and 1.2 are read"),
    ("a: !%ED%A0%80 x\n", "f:1:1", "after this place there is a character that does not exist"),
    ("a: 1\nb\nc: 2\n", "f:3:1", "a key without ':' after it"),
]


@pytest.mark.parametrize(("text", "place", "message"), SYNTAX)
def test_a_break_of_the_rules_of_yaml_is_told_in_words(text: str, place: str, message: str) -> None:
    document, found = faults(text)
    assert document is None
    assert len(found) == 1
    at, _, told = found[0].partition(": ")
    assert told == message
    assert at == place


STRUCTURE = [
    ("a: 1\nb: 2\na: 3\n", "f:3:1: the key 'a' is given twice in one mapping; the first is at line 1, column 1"),
    ("x: {a: 1, a: 2}\n", "f:1:11: the key 'a' is given twice in one mapping; the first is at line 1, column 5"),
    ("? [a]\n: b\n", "f:1:3: a key must be text, and this is a list"),
    ("ip: {{ getip(x) }}\n", "f:1:6: a key must be text, and this is a mapping"),
    ("!secret {env: X}: 1\n", "f:1:1: a key must be text, and this is a secret"),
    ("a: &a [*a]\n", "f:1:8: the alias 'a' stands inside of what it repeats, so that it has no end"),
    ("a: &a\n  b:\n    <<: *a\n", "f:3:9: the alias 'a' stands inside of what it repeats, so that it has no end"),
    ("a: &abc 1\nb: *abd\n", "f:2:4: no anchor is named 'abd' before this alias"),
    ("a: &x 1\nb: &x 2\n", "f:2:4: the anchor 'x' is given twice; the first is at line 1, column 4"),
    ("<<: 3\n", "f:1:5: '<<' merges mappings, and this is none"),
    ("a: &a [1]\nb: {<<: [*a, {c: 1}]}\n", "f:1:4: '<<' merges mappings, and this is none"),
    ("a: .inf\n", "f:1:4: '.inf' is written like a number or truth value and is none that can be kept"),
    ("a: !!int x\n", "f:1:4: 'x' is written like a number or truth value and is none that can be kept"),
    ("a: !!bool maybe\n", "f:1:4: 'maybe' is written like a number or truth value and is none that can be kept"),
    (f"a: {'9' * 500}\n", f"f:1:4: '{'9' * 60}...' is written like a number or truth value and is none that can be kept"),
    ("a: !python_import [x]\n", "f:1:4: the tag '!python_import' is not known here"),
    ("a: !!python/object:os.system {}\n", "f:1:4: the tag '!!python/object:os.system' is not known here"),
    ("a: !!binary aGk=\n", "f:1:4: the tag '!!binary' is not known here"),
    ("a: !!set {b}\n", "f:1:4: the tag '!!set' is not known here"),
    ("a: !!omap []\n", "f:1:4: the tag '!!omap' is not known here"),
    ("a: !secret {env: }\n", "f:1:4: '!secret' says where the secret is"),
    ("a: !secret {vault: x}\n", "f:1:4: '!secret' says where the secret is"),
    ("a: !secret x\n", "f:1:4: '!secret' says where the secret is"),
]


@pytest.mark.parametrize(("text", "expected"), STRUCTURE)
def test_a_fault_of_structure_leaves_the_rest_readable(text: str, expected: str) -> None:
    document, found = faults(text + "rest: 1\n" if text[0] not in "!?" else text)
    assert document is not None
    assert expected in found
    assert all("'<<'" in other for other in found if other != expected)  # merging what is at fault is another one


def test_a_second_document_ends_the_file() -> None:
    assert faults("a: 1\n---\nb: 2\n") == (None, ["f:2:1: a second document begins here, and a file holds one"])


def test_an_unknown_tag_comes_with_the_nearest_known_one() -> None:
    diagnostics = Diagnostics()
    load_text("a: !yaml_inport {url: x}", "f", diagnostics)
    assert diagnostics.faults[0].hint == "did you mean '!yaml_import'?"


def test_all_faults_before_a_break_of_the_rules_are_told_with_it() -> None:
    _, found = faults("a: *x\nb: {c: 1, c: 2}\nd: !no e\nf: [\n")
    assert [each.split(": ")[0] for each in found] == ["f:1:4", "f:2:11", "f:3:4", "f:4:5"]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"a: 1\nb: \xe9\n", "f:2:4: this is not UTF-8 text: byte 0xE9 does not fit"),
        (b"\x89PNG\r\n\x1a\n\x00\x00", "f:2:2: this is not a text file: it has zero bytes"),
        (b"\xff\xfea\x00:\x00 ", "f:1:3: this is not UTF-16 text: byte 0x20 does not fit"),
    ],
)
def test_what_is_no_text_is_refused(content: bytes, expected: str) -> None:
    assert faults(content) == (None, [expected])


def test_each_control_character_is_told() -> None:
    assert faults("a: \x07\nb: \x1b[0m\nc: \ud800\n") == (
        None,
        [
            "f:1:4: the control character U+0007 is not allowed here",
            "f:2:4: the control character U+001B is not allowed here",
            "f:3:4: the character U+D800 is not allowed here",
        ],
    )


def test_the_number_of_faults_has_an_end() -> None:
    _, found = faults("".join(f"k{i}: *x{i}\n" for i in range(limits.FAULTS * 3)))
    assert len(found) == limits.FAULTS + 1
    assert found[0] == f"None: f has more than {limits.FAULTS} faults; the others are not shown"


@pytest.mark.parametrize(
    ("path", "message"),
    [("none.yaml", "there is no file '{}'"), (".", "'{}' is a folder, not a file"), ("a\0b", "the file '{}' cannot be read")],
)
def test_a_file_that_cannot_be_read_is_told(tmp_path: Path, path: str, message: str) -> None:
    diagnostics = Diagnostics()
    name = str(tmp_path / path)
    assert load_file(name, diagnostics) is None
    assert [fault.message for fault in diagnostics.faults] == [message.format(name)]


def test_confidential_faults_show_nothing_of_the_text() -> None:
    diagnostics = Diagnostics()
    text = "a: *hunter2a\nb: !hunter2b x\nc: 0b_\nd: !yaml_import hunter2c\nd: &hunter2 1\ne: &hunter2 1\nf: hunter2: x\n"
    load_text(text, "f", diagnostics, confidential=True)
    assert len(diagnostics.faults) == 6
    told = "\n".join(str(fault) for fault in diagnostics.faults)
    assert "hunter2" not in told
    assert "0b_" not in told


def test_secrets_can_be_refused() -> None:
    document, found = faults("a: !secret {env: HOME}", secrets=False)
    assert document is not None
    assert document.data == {"a": None}
    assert found == ["f:1:4: '!secret' is not allowed here: it would be looked up on another machine than yours"]


_YAMLISH = st.text("ab:-[]{}&*!|>'\"#%@`,?~<.0123456789 \t\n\r\x85\u2028\ufeffé", max_size=60)


def _check(text: str | bytes, shown: str) -> None:
    diagnostics = Diagnostics()
    load_text(text, "f", diagnostics)
    lines = shown.split("\n")
    for fault in diagnostics.faults:
        assert str(fault)
        if fault.position:
            assert 1 <= fault.position.line <= len(lines)
            assert 1 <= fault.position.column <= len(lines[fault.position.line - 1]) + 1


@settings(deadline=None)
@given(_YAMLISH | st.text())
def test_any_text_gives_data_or_faults(text: str) -> None:
    _check(text, text.removeprefix("\ufeff"))


@settings(deadline=None)
@given(st.binary(max_size=80))
def test_any_bytes_give_data_or_faults(content: bytes) -> None:
    diagnostics = Diagnostics()
    load_text(content, "f", diagnostics)
    assert all(str(fault) for fault in diagnostics.faults)
