"""What is asked of the registry and is not there, twice there, or nearly there."""

from __future__ import annotations

import json
from typing import Any

import pytest

from occopus.errors import MissingPlugin
from occopus.plugins.loading import load_plugins
from occopus.plugins.registry import Registry


def handler(type: str) -> str:
    return f"""
    from occopus.plugins import ResourceHandlerSpec, hookimpl
    @hookimpl
    def occopus_resource_handlers():
        yield ResourceHandlerSpec("{type}", "x:Y", {{}})
    """


def check(key: str, *aliases: str) -> str:
    return f"""
    from occopus.plugins import HealthCheckSpec, hookimpl
    @hookimpl
    def occopus_health_checks():
        yield HealthCheckSpec("{key}", "x:y", {{"type": "string"}}, aliases={aliases})
    """


def missing(registry: Registry, kind: str, name: str) -> tuple[str, str | None]:
    with pytest.raises(MissingPlugin) as caught:
        getattr(registry, kind)(name)
    return caught.value.message, caught.value.hint


@pytest.mark.parametrize(
    ("kind", "name", "words", "hint"),
    [
        ("resource_handler", "ec2", "no resource handler 'ec2' is installed", "pip install occopus-ec2"),
        ("resource_handler", "azure_vm", "no resource handler 'azure_vm' is installed", "pip install occopus-azure"),
        ("config_manager", "chef", "no config manager 'chef' is installed", "pip install occopus-chef"),
        ("health_check", "mysqlDBs", "no health check 'mysqlDBs' is installed", "pip install occopus-healthchecks"),
        ("resource_handler", "locl", "no resource handler 'locl' is installed", "did you mean 'local'?"),
        ("resource_handler", "azure-vm", "no resource handler 'azure-vm' is installed", "did you mean 'azure_vm'?"),
        ("contextualiser", "cloud-init", "no contextualiser 'cloud-init' is installed", "did you mean 'cloudinit'?"),
        # What the original once had.
        (
            "resource_handler",
            "occi",
            "no resource handler 'occi' is installed",
            "OCCI was dropped in release 1.8: use 'nova' for a cloud with OpenStack, or 'ec2'",
        ),
        (
            "contextualiser",
            "cloudbroker",
            "no contextualiser 'cloudbroker' is installed",
            "CloudBroker has instances in place of jobs since release 1.5: use 'cloudinit'",
        ),
        # A name that means something elsewhere is no reason to install that package.
        ("contextualiser", "ec2", "no contextualiser 'ec2' is installed", "installed: none; 'occopus plugins' shows what was found"),
        ("notifier", "ping", "no notifier 'ping' is installed", "installed: none; 'occopus plugins' shows what was found"),
        ("resource_handler", "zzz", "no resource handler 'zzz' is installed", "installed: local; 'occopus plugins' shows what was found"),
    ],
)
def test_what_is_not_installed(kind: str, name: str, words: str, hint: str) -> None:
    core = Registry(plugins={key: plugin for key, plugin in load_plugins().plugins.items() if key[1] in ("local", "cloudinit")})
    if (kind, name) == ("contextualiser", "ec2"):
        core = Registry()
    assert missing(core, kind, name) == (words, hint)


def test_two_packages_that_claim_a_name_are_both_named_and_neither_is_used(site: Any) -> None:
    site.install("moon-one", handler("moon"))
    site.install("moon-two", handler("moon"))
    registry = load_plugins()
    assert missing(registry, "resource_handler", "moon") == (
        "the resource handler 'moon' is offered by moon-one and moon-two",
        "keep one of them: pip uninstall moon-one or moon-two",
    )
    rows = [row for row in json.loads(site.run("occopus", "plugins", "--json").stdout) if row["name"] == "moon"]
    assert [(row["package"], row["status"], row["reason"]) for row in rows] == [
        ("moon-one", "conflict", "offered by moon-one and moon-two"),
        ("moon-two", "conflict", "offered by moon-one and moon-two"),
    ]


def test_a_clash_with_what_the_core_ships_tells_what_to_uninstall(site: Any) -> None:
    site.install("my-local", handler("local"))
    registry = load_plugins()
    assert missing(registry, "resource_handler", "local") == (
        "the resource handler 'local' is offered by my-local and occopus-core",
        "keep one of them: pip uninstall my-local",
    )
    assert registry.contextualiser("cloudinit")


def test_a_package_that_offers_a_name_twice(site: Any) -> None:
    code = handler("moon") + '    yield ResourceHandlerSpec("moon", "x:Z", {})\n'
    site.install("moon-one", code.replace("\n    yield", "\n        yield"))
    assert missing(load_plugins(), "resource_handler", "moon") == (
        "the resource handler 'moon' is offered twice by moon-one",
        "tell the authors of moon-one",
    )


@pytest.mark.parametrize("asked", ["pulse", "beat", "heartbeat"])
def test_another_spelling_can_be_contested_too(asked: str, site: Any) -> None:
    site.install("one", check("pulse", "heartbeat"))
    site.install("two", check("beat", "heartbeat"))
    registry = load_plugins()
    message, _ = missing(registry, "health_check", asked)
    assert message == f"the health check '{asked}' is offered by one and two"
    assert registry.is_announced("health check", asked)
    rows = [row["name"] for row in json.loads(site.run("occopus", "plugins", "--json").stdout) if row["status"] == "conflict"]
    assert sorted(rows) == ["beat", "pulse"]


def test_the_same_name_in_two_kinds_is_no_clash(site: Any) -> None:
    site.install("one", check("moon"))
    site.install("two", handler("moon"))
    registry = load_plugins()
    assert registry.health_check("moon")
    assert registry.resource_handler("moon")
    assert registry.conflicts == {}


@pytest.mark.parametrize("spelling", ["occopus-ec2", "Occopus_EC2"])
def test_a_package_that_is_installed_and_broken_says_why_instead_of_how_to_install_it(spelling: str, site: Any) -> None:
    site.install(spelling, "import boto_of_old")
    _, hint = missing(load_plugins(), "resource_handler", "ec2")
    assert hint == f"{spelling} is installed but does not load: can't be imported: ModuleNotFoundError: No module named 'boto_of_old'"


def test_where_nobody_knows_whose_a_name_is_what_does_not_load_is_named(site: Any) -> None:
    site.install("occopus-moon", handler("moon") + "CONTRACT = 7")
    message, hint = missing(load_plugins(), "resource_handler", "moon")
    assert message == "no resource handler 'moon' is installed"
    assert hint == (
        "installed: local; occopus-moon does not load: "
        "it was written for version 7 of the plugin contract, and occopus-core has 1: upgrade occopus-core"
    )
