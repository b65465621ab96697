"""What templates may use."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml

from occopus_puppet.manager import PuppetSoloManager
from occopus_puppet.plugin import attributes_are_given_once


def puppet(**section: Any) -> dict[str, str]:
    variables = PuppetSoloManager.variables({"type": "puppet_solo", "manifests": ["https://example.org/a.pp"], **section})
    assert set(variables) == {"puppet"}
    found: dict[str, str] = variables["puppet"]
    return found


def test_what_published_templates_rely_on() -> None:
    attributes = [{"rootpassword": "secret"}, {"dbname": "blog"}, {"port": 3306}]
    found = puppet(
        manifests=["https://example.org/a.pp", "file:///b.pp"], modules=["puppetlabs-mysql", "hunner-wordpress"], attributes=attributes
    )
    assert found["manifests"] == "https://example.org/a.pp file:///b.pp"
    assert found["modules"] == "puppetlabs-mysql hunner-wordpress"
    assert found["attributes"] == "{'rootpassword': 'secret'} {'dbname': 'blog'} {'port': 3306}"


def test_what_is_left_out_is_empty() -> None:
    expected = {"manifests": "https://example.org/a.pp", "modules": "", "attributes": "", "hieradata": "{}"}
    assert puppet() == puppet(modules=None, attributes=None) == expected


VALUES = [
    'it\'s "quoted": {x}',
    "two\nlines\r\n\ttab",
    "ü 中 \U0001f600",
    "\x7f\x85\u2028\u2029\ufeff\x00\x1b\uffff",
    1,
    1.5,
    True,
    None,
    [1, {"a": "b"}],
    {"a": {"b": []}},
]


@pytest.mark.parametrize("value", VALUES, ids=ascii)
def test_hieradata_is_one_line_of_json_and_of_yaml(value: Any) -> None:
    line = puppet(attributes=[{"profile::x": value}, {"y": 2}])["hieradata"]
    assert len(line.splitlines()) == 1
    assert json.loads(line) == yaml.safe_load(line) == {"profile::x": value, "y": 2}


def test_of_an_attribute_that_is_given_twice_the_last_counts() -> None:
    attributes = [{"a": 1}, {"b": 2}, {"a": 3}]
    assert json.loads(puppet(attributes=attributes)["hieradata"]) == {"a": 3, "b": 2}
    (problem,) = attributes_are_given_once({"attributes": attributes})
    assert (problem.path, problem.warning) == (("attributes", 0, "a"), True)
    assert list(attributes_are_given_once({"attributes": None})) == []
