"""Finds the installed packages and asks each what it offers. One broken package never stops the others."""

from __future__ import annotations

from collections.abc import Iterable
from importlib.metadata import EntryPoint, entry_points
from typing import Any

import pluggy

from occopus.plugins import hookspecs
from occopus.plugins.config_manager import ConfigManagerSpec
from occopus.plugins.contextualiser import ContextualiserSpec
from occopus.plugins.health import HealthCheckSpec
from occopus.plugins.notifier import NotifierSpec
from occopus.plugins.registry import Package, Plugin, Registry, Spec
from occopus.plugins.resource import ResourceHandlerSpec
from occopus.plugins.schema import SchemaRule

HOOKS: dict[str, tuple[str, type[Spec]]] = {
    "occopus_resource_handlers": ("resource handler", ResourceHandlerSpec),
    "occopus_contextualisers": ("contextualiser", ContextualiserSpec),
    "occopus_config_managers": ("config manager", ConfigManagerSpec),
    "occopus_health_checks": ("health check", HealthCheckSpec),
    "occopus_notifiers": ("notifier", NotifierSpec),
    "occopus_schema_rules": ("schema rule", SchemaRule),
}
"""By hook: what its specs are called, and their class."""


def load_plugins(found: Iterable[EntryPoint] | None = None) -> Registry:
    """Load every package of the entry-point group `occopus` (or those given) into a registry."""
    packages: list[Package] = []
    offered: list[Plugin] = []
    for entry_point in sorted(entry_points(group=hookspecs.PROJECT) if found is None else found, key=lambda e: e.name):
        package, plugins = _load_package(entry_point)
        packages.append(package)
        offered += plugins
    return _register(packages, offered)


def _load_package(entry_point: EntryPoint) -> tuple[Package, list[Plugin]]:
    distribution = entry_point.dist
    name = distribution.name if distribution else entry_point.value
    version = distribution.version if distribution else "?"
    plugins: list[Plugin] = []
    try:
        module = entry_point.load()
        offers, problem = _ask(module)
    except Exception as error:  # whatever a package does on import is its own problem, not everybody's
        offers, problem = [], f"can't be imported: {type(error).__name__}: {error}"
    package = Package(name, version, problem)
    for kind, spec in offers:
        plugins.append(Plugin(kind, _name(spec), spec, package))
    return package, plugins


def _ask(module: Any) -> tuple[list[tuple[str, Spec]], str | None]:
    """What a package's module offers, and the first thing that is wrong with it."""
    manager = pluggy.PluginManager(hookspecs.PROJECT)
    manager.add_hookspecs(hookspecs)
    try:
        manager.register(module)
        manager.check_pending()
    except pluggy.PluginValidationError as error:
        problem: str | None = f"misuses a hook: {error}"
    else:
        problem = None
    offers: list[tuple[str, Spec]] = []
    for hook, (kind, spec_type) in HOOKS.items():
        for implementation in getattr(manager.hook, hook).get_hookimpls():
            try:
                offers += [(kind, _checked(spec, spec_type)) for spec in implementation.function()]
            except Exception as error:  # the other hooks of this package may still be good
                problem = problem or f"{hook}() raises {type(error).__name__}: {error}"
    return offers, problem


def _checked(spec: object, spec_type: type[Spec]) -> Spec:
    if not isinstance(spec, spec_type):
        raise TypeError(f"expected a {spec_type.__name__}, got {spec!r}")
    return spec


def _name(spec: Spec) -> str:
    if isinstance(spec, SchemaRule):
        return f"{spec.section}:{spec.type}"
    return spec.key if isinstance(spec, HealthCheckSpec) else spec.type


def _register(packages: list[Package], offered: list[Plugin]) -> Registry:
    claims: dict[tuple[str, str], list[Plugin]] = {}
    rules = [plugin for plugin in offered if plugin.kind == "schema rule"]
    for plugin in offered:
        if plugin.kind != "schema rule":
            claims.setdefault((plugin.kind, plugin.name), []).append(plugin)
    return Registry(
        plugins={key: rivals[0] for key, rivals in claims.items() if len(rivals) == 1},
        conflicts={key: tuple(rivals) for key, rivals in claims.items() if len(rivals) > 1},
        rules=tuple(rules),
        packages=tuple(packages),
    )
