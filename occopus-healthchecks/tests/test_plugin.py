"""What the package declares."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import cerberus
import pytest

import occopus_healthchecks
from occopus.plugins import HealthCheckSpec
from occopus.plugins.loading import load_plugins
from occopus.plugins.registry import load_object
from occopus_healthchecks import limits, plugin

SPECS = {spec.key: spec for spec in plugin.occopus_health_checks()}
DATABASE = {"name": "shop", "user": "keeper", "pass": "x"}


def test_core_finds_the_four_keys_in_this_package() -> None:
    registry = load_plugins()
    ours = {p.name: p.package for p in registry.plugins.values() if p.kind == "health check" and p.package.name == "occopus-healthchecks"}
    assert set(ours) == {"ping", "ports", "urls", "mysqldbs"}
    assert all(package.problem is None and package.version == occopus_healthchecks.__version__ for package in ours.values())
    assert registry.health_check("mysqlDBs").key == "mysqldbs"


def test_only_ping_is_made_where_nothing_is_said() -> None:
    assert {key: spec.default for key, spec in SPECS.items()} == {"ping": True, "ports": None, "urls": None, "mysqldbs": None}


def test_declaring_imports_no_library(run_python: Callable[..., str]) -> None:
    script = "import sys, occopus_healthchecks.plugin; print(sorted({'pymysql', 'icmplib', 'ssl', 'http.client'} & set(sys.modules)))"
    assert run_python(script) == "[]"


@pytest.mark.parametrize("spec", SPECS.values(), ids=SPECS)
def test_the_function_is_there_and_its_limit_within_the_time_out(spec: HealthCheckSpec) -> None:
    assert list(inspect.signature(load_object(spec.check)).parameters) == ["target", "settings"]
    limit = {"ping": limits.PING, "ports": limits.PORTS, "urls": limits.URLS, "mysqldbs": limits.DATABASES}[spec.key]
    assert limit < spec.timeout <= 10


def rules(rule: Mapping[str, Any], path: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    yield path, rule
    inner = rule.get("schema", {})
    if rule["type"] == "list":
        yield from rules(inner, f"{path}[]")
    else:
        for key, each in inner.items():
            yield from rules(each, f"{path}.{key}")


RULES = {path: rule for key, spec in SPECS.items() for path, rule in rules(spec.rule, key)}


@pytest.mark.parametrize("path", RULES)
def test_every_key_is_documented(path: str) -> None:
    description = RULES[path]["meta"]["description"]
    assert description.endswith(".")


def test_the_password_and_nothing_else_is_secret() -> None:
    assert [path for path, rule in RULES.items() if rule["meta"].get("secret")] == ["mysqldbs[].pass"]


def accepts(key: str, value: object) -> bool:
    return bool(cerberus.Validator({key: SPECS[key].rule}).validate({key: value}))


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("ping", True),
        ("ping", False),
        ("ports", [1, 65535]),
        ("urls", ["http://a/"]),
        ("mysqldbs", [DATABASE]),
        ("mysqldbs", [{**DATABASE, "pass": ""}]),
    ],
)
def test_good_settings(key: str, value: object) -> None:
    assert accepts(key, value)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("ping", "yes"),
        ("ports", []),
        ("ports", 80),
        ("ports", [0]),
        ("ports", [65536]),
        ("urls", []),
        ("urls", "http://a/"),
        ("urls", [""]),
        ("mysqldbs", []),
        ("mysqldbs", [{"name": "shop", "user": "keeper"}]),
        ("mysqldbs", [{"name": "shop", "pass": "x"}]),
        ("mysqldbs", [{"user": "keeper", "pass": "x"}]),
        ("mysqldbs", [{**DATABASE, "port": 3306}]),
        ("mysqldbs", [{**DATABASE, "pass": 7}]),
    ],
)
def test_bad_settings(key: str, value: object) -> None:
    assert not accepts(key, value)
