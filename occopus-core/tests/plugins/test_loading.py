"""One broken package never stops the others: each here is really installed, and really broken."""

from __future__ import annotations

import inspect
import json
from importlib.metadata import EntryPoint
from typing import Any

import pytest

from occopus.cli.formats import plugin_rows
from occopus.errors import MissingPlugin
from occopus.plugins import hookspecs
from occopus.plugins.loading import HOOKS, load_plugins
from occopus.plugins.registry import load_object

GOOD = """
    from occopus.plugins import NotifierSpec, hookimpl

    @hookimpl
    def occopus_notifiers():
        yield NotifierSpec("pigeon", "good_one:Pigeon", {})
"""

BROKEN = {
    "raises-on-import": ("raise RuntimeError('no licence\\nat all')", "can't be imported: RuntimeError: no licence at all"),
    "has-a-slip": ("def x(:\n", "can't be imported: SyntaxError: invalid syntax (has_a_slip.py, line 1)"),
    "leaves": ("import sys; sys.exit('bye')", "can't be imported: SystemExit: bye"),
    "panics": ("class Panic(BaseException): pass\nraise Panic('low down')", "can't be imported: Panic: low down"),
    "needs-more": ("import nothing_of_that_name", "can't be imported: ModuleNotFoundError: No module named 'nothing_of_that_name'"),
    "is-of-tomorrow": (
        "CONTRACT = 2",
        "it was written for version 2 of the plugin contract, and occopus-core has 1: upgrade occopus-core",
    ),
    "has-no-number": (
        "CONTRACT = 'one'",
        "CONTRACT is 'one'; it should be the version of the plugin contract that it was written for, 1 for example",
    ),
    "misspells": (
        """
        from occopus.plugins import hookimpl
        @hookimpl
        def occopus_resource_handler():
            return ()
        """,
        "occopus_resource_handler() is no hook; did you mean 'occopus_resource_handlers'?",
    ),
    "takes-arguments": (
        """
        from occopus.plugins import hookimpl
        @hookimpl
        def occopus_notifiers(config):
            return ()
        """,
        "occopus_notifiers() takes arguments (config); a hook takes none",
    ),
    "yields-something-else": (
        """
        from occopus.plugins import hookimpl
        @hookimpl
        def occopus_notifiers():
            yield "pigeon"
        """,
        "occopus_notifiers() yields 'pigeon'; it should yield a NotifierSpec",
    ),
    "gives-nothing": (
        """
        from occopus.plugins import hookimpl
        @hookimpl
        def occopus_notifiers():
            pass
        """,
        "occopus_notifiers() gives None; a hook yields what it offers",
    ),
    "leaves-later": (
        """
        import sys
        from occopus.plugins import hookimpl
        @hookimpl
        def occopus_notifiers():
            sys.exit(3)
        """,
        "occopus_notifiers() raises SystemExit: 3",
    ),
    "forgets-the-mark": (
        """
        def occopus_notifiers():
            return ()
        """,
        "occopus_notifiers() is not marked with @hookimpl",
    ),
    "is-empty": ("", "it has no function marked with @hookimpl"),
    "has-no-name": (
        """
        from occopus.plugins import NotifierSpec, hookimpl
        @hookimpl
        def occopus_notifiers():
            yield NotifierSpec("", "x:Y", {})
        """,
        "occopus_notifiers() yields a NotifierSpec without a name",
    ),
    "has-no-schema": (
        """
        from occopus.plugins import NotifierSpec, hookimpl
        @hookimpl
        def occopus_notifiers():
            yield NotifierSpec("owl", "x:Y", ["a"])
        """,
        "occopus_notifiers() yields a NotifierSpec 'owl' whose schema is no mapping",
    ),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_package_is_listed_with_the_reason_and_stops_nobody(name: str, site: Any) -> None:
    code, reason = BROKEN[name]
    site.install(name, code)
    site.install("good-one", GOOD)
    registry = load_plugins()
    assert [(package.name, package.problem) for package in registry.packages if package.problem] == [(name, reason)]
    assert registry.notifier("pigeon").notifier == "good_one:Pigeon"
    assert registry.resource_handler("local").local


def test_all_broken_packages_together_are_shown_by_the_command(site: Any) -> None:
    for name, (code, _) in BROKEN.items():
        site.install(name, code, version="0.3")
    site.install("good-one", GOOD)
    done = site.run("occopus", "plugins", "--json")
    assert (done.returncode, done.stderr) == (0, "")
    rows = json.loads(done.stdout)
    broken = {row["package"]: row for row in rows if row["status"] == "broken"}
    assert broken == {
        name: {"name": "", "kind": "", "package": name, "version": "0.3", "status": "broken", "reason": reason}
        for name, (_, reason) in BROKEN.items()
    }
    pigeon = {"name": "pigeon", "kind": "notifier", "package": "good-one", "version": "1.0", "status": "ok", "reason": ""}
    assert pigeon in rows
    table = site.run("occopus", "plugins").stdout.splitlines()
    assert table[0].split() == ["name", "kind", "package", "version", "status", "reason"]
    assert len(table) == len(rows) + 1  # no reason spreads over lines
    assert any(line.split() == ["pigeon", "notifier", "good-one", "1.0", "ok"] for line in table)


def test_what_is_good_in_a_package_is_used_beside_what_is_broken(site: Any) -> None:
    site.install(
        "half-good",
        """
        from occopus.plugins import ContextualiserSpec, HealthCheckSpec, NotifierSpec, hookimpl
        @hookimpl
        def occopus_contextualisers(argument):
            yield ContextualiserSpec("paper", "x:Y", {})
        @hookimpl
        def occopus_health_checks():
            raise RuntimeError("not today")
        @hookimpl
        def occopus_notifiers():
            yield NotifierSpec("pigeon", "x:Y", {})
        """,
    )
    registry = load_plugins()
    assert registry.notifier("pigeon")
    problem = next(package.problem for package in registry.packages if package.name == "half-good")
    assert problem == (
        "occopus_contextualisers() takes arguments (argument); a hook takes none; occopus_health_checks() raises RuntimeError: not today"
    )
    rows = [row for row in plugin_rows(registry) if row["package"] == "half-good"]
    assert [(row["name"], row["status"]) for row in rows] == [("", "broken"), ("pigeon", "ok")]


def test_ctrl_c_while_a_package_loads_is_not_its_fault(site: Any) -> None:
    site.install("interrupted", "raise KeyboardInterrupt")
    with pytest.raises(KeyboardInterrupt):
        load_plugins()


def test_an_entry_point_that_names_nothing(site: Any) -> None:
    site.install("good-one", GOOD, entry="good_one:nothing")
    registry = load_plugins()
    assert [package.problem for package in registry.packages if package.name == "good-one"] == [
        "can't be imported: AttributeError: module 'good_one' has no attribute 'nothing'"
    ]


def test_what_is_given_is_loaded_instead_of_what_is_installed(site: Any) -> None:
    site.install("good-one", GOOD)
    registry = load_plugins([EntryPoint("x", "good_one", "occopus")])
    assert list(registry.plugins) == [("notifier", "pigeon")]
    assert [(package.name, package.version) for package in registry.packages] == [("good_one", "?")]


def test_a_handler_that_cannot_be_imported_is_noticed_only_when_it_is_used(site: Any) -> None:
    site.install(
        "late-failure",
        """
        from occopus.plugins import ResourceHandlerSpec, hookimpl
        @hookimpl
        def occopus_resource_handlers():
            yield ResourceHandlerSpec("moon", "late_failure_more:Moon", {})
        """,
        extra="import sys; sys.exit('no moon tonight')",
    )
    registry = load_plugins()
    assert all(package.problem is None for package in registry.packages)
    spec = registry.resource_handler("moon")
    with pytest.raises(MissingPlugin, match="'late_failure_more:Moon' can't be loaded: SystemExit: no moon tonight"):
        load_object(spec.handler)


@pytest.mark.parametrize("reference", ["no_such_module:Thing", "json:no_such_thing", "json", ":x", "", "has_a_slip:x"])
def test_a_reference_that_leads_nowhere_is_told_in_words(reference: str, site: Any) -> None:
    site.install("has-a-slip", "def x(:\n")
    with pytest.raises(MissingPlugin, match="can't be loaded: "):
        load_object(reference)


def test_every_hook_is_documented_takes_nothing_and_has_its_kind() -> None:
    specified = {name: hook for name, hook in vars(hookspecs).items() if name.startswith("occopus_")}
    assert specified.keys() == HOOKS.keys()
    for name, hook in specified.items():
        assert inspect.getdoc(hook), f"{name} has no docstring"
        assert not inspect.signature(hook).parameters
    assert len({kind for kind, _ in HOOKS.values()}) == len(HOOKS)


ALL_HOOKS = """
    from occopus.plugins import (
        ConfigManagerSpec, ContextualiserSpec, HealthCheckSpec, NotifierSpec, ResourceHandlerSpec, SchemaRule, hookimpl
    )

    @hookimpl
    def occopus_resource_handlers():
        yield ResourceHandlerSpec("moon", "x:Moon", {"phase": {"type": "string"}})

    @hookimpl
    def occopus_contextualisers():
        yield ContextualiserSpec("paper", "x:Paper", {})

    @hookimpl
    def occopus_config_managers():
        return [ConfigManagerSpec("hand", "x:Hand", {})]

    @hookimpl
    def occopus_health_checks():
        yield HealthCheckSpec("pulse", "x:pulse", {"type": "integer"}, aliases=("heartbeat",))

    @hookimpl
    def occopus_schema_rules():
        yield SchemaRule("resource", "moon", {"colour": {"type": "string"}})

    @hookimpl
    def occopus_notifiers():
        yield NotifierSpec("pigeon", "x:Pigeon", {})
"""


def test_every_hook_yields_what_the_registry_then_finds(site: Any) -> None:
    module = site.install("all-hooks", ALL_HOOKS)
    registry = load_plugins()
    assert HOOKS.keys() <= set(dir(__import__(module))), "a hook has no test here"
    assert registry.resource_handler("moon").schema == {"phase": {"type": "string"}}
    assert registry.contextualiser("paper").contextualiser == "x:Paper"
    assert registry.config_manager("hand").manager == "x:Hand"
    assert registry.health_check("heartbeat").key == registry.health_check("pulse").key == "pulse"
    assert [rule.schema for rule in registry.schema_rules("resource", "moon")] == [{"colour": {"type": "string"}}]
    assert registry.schema_rules("resource", "local") == []
    assert registry.notifier("pigeon").notifier == "x:Pigeon"
    kinds = {row["kind"] for row in plugin_rows(registry) if row["package"] == "all-hooks"}
    assert kinds == {kind for kind, _ in HOOKS.values()}
