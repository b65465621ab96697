"""Faults in and beside the lines of secrets: their messages, excerpts and hints show none."""

from __future__ import annotations

import json
from typing import Any

import pytest
from click.testing import CliRunner
from conftest import INFRA, MARKER, NODES, quoted
from plantation import PEM_LINE, PLAIN, REFERENCES, found_in

from occopus.cli.main import load
from occopus.diagnostics import MASK

PLAIN_VALUE, QUOTED, WORD = PLAIN["password"], quoted("password"), PEM_LINE[:40]

IN_VARIABLES = {
    "a tab": f"\tpassword: {PLAIN_VALUE}",
    "no space": f"  password:{PLAIN_VALUE}",
    "two values": f"  password: {PLAIN_VALUE}: x",
    "open quotes": f'  password: "{WORD}',
    "open quotes over lines": f"  password: '{WORD}\n    {WORD}\n",
    "a bad escape": f'  password: "{WORD}\\q"',
    "an open flow mapping": f"  login: {{user: a, password: {QUOTED}",
    "a broken flow mapping": f"  login: {{user: a, password: {QUOTED} oops}}",
    "text over lines in a flow mapping": f'  login: {{user: a, password: "x y\n    {WORD}" oops}}',
    "an open list": f"  password: [{QUOTED}, {QUOTED}",
    "a list without indentation": f"  credentials:\n  - {WORD}\n  - {WORD}: [",
    "a block that is indented wrongly": f"  password: |\n      {WORD}\n    {WORD}\n  x: [",
    "an unknown tag": f"  password: !{WORD} x",
    "an unknown alias": f"  password: *{WORD}",
    "an anchor twice": f"  password: &{WORD} x\n  token: &{WORD} y",
    "an alias like an anchor": f"  password: &{WORD} x\n  other: *{WORD[:10]}",
    "a key twice": f"  password: {QUOTED}\n  password: {QUOTED}",
    "a key twice below": f"  password: {{{WORD}: 1, {WORD}: 2}}",
    "a control character": f"  password: {PLAIN_VALUE}\x01",
    "no text": f"  password: {PLAIN_VALUE}\0",
    "a number that is none": f"  password: 0x_{'_' * 3}\n  token: {QUOTED} [",
    "a reference that holds the secret": f"  word: !secret {WORD}",
    "a reference with another key": f"  word: !secret {{password: {QUOTED}}}",
    "an import": f"  password: !text_import {{url: {QUOTED}}}",
    "a key on a line of its own": f"  ? password\n  : {QUOTED} [",
    "an address": f"  url: https://me:{WORD}@host/ : x",
    "a variable of a process": f"  env: [API_TOKEN={WORD}, oops: [",
    "a key in a text": f"  pem: |\n    -----BEGIN PRIVATE KEY-----\n    {WORD}\n    -----END PRIVATE KEY----- \n   x: [",
}
"""What stands in place of the line with the password."""

IN_INFRA = {
    "an unknown key of a node": ("type: container}", f"type: container, password: {QUOTED}}}"),
    "a known key beside it": ("variables: {clientSecret", "varables: {clientSecret"),
    "a filter that fits nothing": ("type: container}", f"type: container, filter: {{api_key: {QUOTED}}}}}"),
    "no mapping": (f"variables:\n  password: {QUOTED}", f"variables: [{{password: {QUOTED}}}]\nothers:\n  x: 1"),
    "a fault behind it on the same line": ("other: 1}", "other: 1}, create_timeout: soon"),
}
IN_NODES = {
    "a wrong type": (quoted("api_key"), f"[{QUOTED}]"),
    "a key that is nearly right": ("type: leaky\n      api_key", f"type: leaky\n      secret_key: {QUOTED}\n      api_key"),
    "an unknown variable beside it": (
        "  - resource: {type: leaky}",
        f"  - resource: {{type: leaky, api_key: {QUOTED}, label: '{{{{ nothing }}}}'}}",
    ),
    "an unknown variable within it": (quoted("api_key"), json.dumps("{{ nothing }}" + PLAIN_VALUE)),
    "an unknown filter": (quoted("api_key"), json.dumps(f"{{{{ '{WORD}' | nothing }}}}")),
    "a filter that fails": (quoted("api_key"), '"{{ 1 // (variables.password | int) }}"'),
    "a look-up by it": (quoted("api_key"), '"{{ variables[variables.password] }}"'),
    "an address of it": (quoted("api_key"), '"{{ getip(variables.password) }}"'),
    "a template that is not closed": (quoted("api_key"), json.dumps(f"{{{{ '{WORD}' ")),
    "no number": ("api_key: ", "size: '{{ variables.password }}'\n      api_key: "),
    "an unknown key below": ("      context_template:", f"      password: {QUOTED}\n      context_template:"),
    "a template of text": (
        "env:\n",
        f"context_variables: {{password: {QUOTED}}}\n      env:\n        - password={WORD} {{{{ nothing }}}}\n",
    ),
}

IN_FILES = (
    [("infra.yaml", INFRA.replace(f"  password: {QUOTED}", line), id) for id, line in IN_VARIABLES.items()]
    + [("infra.yaml", INFRA.replace(*change), id) for id, change in IN_INFRA.items()]
    + [("nodes.yaml", NODES.replace(*change), id) for id, change in IN_NODES.items()]
)
DOORS = (
    ("validate", "infra.yaml", "nodes.yaml"),
    ("validate", "infra.yaml", "nodes.yaml", "--json"),
    ("validate", "nodes.yaml", "--debug"),
    ("plan", "infra.yaml", "-n", "nodes.yaml", "--debug"),
    ("build", "infra.yaml", "-n", "nodes.yaml", "--debug"),
    ("graph", "infra.yaml", "-n", "nodes.yaml"),
    ("adopt", "infra.yaml", "-n", "nodes.yaml", "-i", "none"),
    ("import", "nodes.yaml", "--debug"),
)


def said(*command: str) -> tuple[str, int]:
    done = CliRunner().invoke(load(command[0]), command[1:])
    return done.output, done.exit_code


@pytest.mark.parametrize(("file", "text", "id"), IN_FILES, ids=[id for _, _, id in IN_FILES])
def test_a_fault_beside_a_secret(here: Any, file: str, text: str, id: str) -> None:
    assert text not in (INFRA, NODES), "the fault is there"
    here.write(file, text)
    shown, code = said(*DOORS[0])
    assert code == 2, shown
    assert f"{file}:" in shown, "the place is told"
    for door in DOORS:
        shown, _ = said(*door)
        assert found_in(shown) == [], (door, shown)
    here.assert_clean()


def test_an_excerpt_shows_the_rest_of_the_line_and_the_place(here: Any) -> None:
    here.write("infra.yaml", INFRA.replace("other: 1}", "other: 1}, create_timeout: soon"))
    shown, _ = said(*DOORS[0])
    (line,) = [line for line in shown.splitlines() if "create_timeout: soon" in line]
    mark = shown.splitlines()[shown.splitlines().index(line) + 1]
    assert f"clientSecret: {MASK}" in line
    assert line[mark.index("^") :].startswith(", create_timeout")


@pytest.mark.parametrize("before", ["*", "!", "&", "[", '"', "{", "%", "@", "|", "x: [", "-\t", "\0"])
def test_a_value_that_breaks_the_rendered_text(here: Any, before: str, monkeypatch: pytest.MonkeyPatch) -> None:
    (here.path / "secret.txt").write_text(before + REFERENCES["file"])
    text = "|\n        #cloud-config\n        a: {{ variables.from_file }}\n        b: {{ variables.from_env }}\n"
    head, _, rest = NODES.partition("      context_template:\n")
    here.write("nodes.yaml", head + f"      context_template: {text}" + rest[rest.index("'node_def:container'") :])
    shown, code = said(*DOORS[4])
    assert found_in(shown) == [], shown
    assert code == 1, shown
    here.assert_clean()


def test_a_number_that_is_none_but_a_secret(here: Any) -> None:
    here.write("nodes.yaml", NODES.replace("api_key: ", "size: '{{ variables.from_env }}'\n      api_key: "))
    shown, code = said(*DOORS[4])
    assert (code, found_in(shown)) == (1, [])
    assert f"must be a whole number, not '{MASK}" in shown


@pytest.mark.parametrize(
    "change",
    [
        ("auth_data:", "auth_data: ["),
        ("password:", "password:oops"),
        ("type: leaky", "type: 1"),
        ("resource:", "resorce:"),
        ("    auth_data", "    password: " + quoted("password of the credentials") + "\n    auth_data"),
        ("keys: [", "keys: [*none, !tag x, "),
    ],
)
def test_a_fault_in_the_authentication_file(here: Any, change: tuple[str, str]) -> None:
    here.write("auth_data.yaml", (here.path / "auth_data.yaml").read_text().replace(*change))
    shown, code = said(*DOORS[4])
    assert found_in(shown) == [], shown
    assert code == 2 or "password" in change[1], shown
    here.assert_clean()


def test_the_marker_comes_out(here: Any) -> None:
    assert MARKER in said("graph", "infra.yaml", "-n", "nodes.yaml")[0]
