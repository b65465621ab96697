"""Finds the installed packages and asks each what it offers. One broken package never stops the others."""

from __future__ import annotations

from collections.abc import Iterable
from importlib.metadata import EntryPoint, entry_points
from typing import Any

import pluggy

from occopus.plugins import hookspecs
from occopus.plugins.registry import Package, Plugin, Registry, Spec

KINDS = {
    "occopus_resource_handlers": "resource handler",
    "occopus_contextualisers": "contextualiser",
    "occopus_config_managers": "config manager",
    "occopus_health_checks": "health check",
    "occopus_notifiers": "notifier",
    "occopus_schema_rules": "schema rule",
}
"""By hook: what its specs are called."""

SPEC_TYPES = {
    "occopus_resource_handlers": hookspecs.ResourceHandlerSpec,
    "occopus_contextualisers": hookspecs.ContextualiserSpec,
    "occopus_config_managers": hookspecs.ConfigManagerSpec,
    "occopus_health_checks": hookspecs.HealthCheckSpec,
    "occopus_notifiers": hookspecs.NotifierSpec,
    "occopus_schema_rules": hookspecs.SchemaRule,
}


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
    for hook, kind in KINDS.items():
        for implementation in getattr(manager.hook, hook).get_hookimpls():
            try:
                for spec in implementation.function():
                    if not isinstance(spec, SPEC_TYPES[hook]):
                        raise TypeError(f"expected a {SPEC_TYPES[hook].__name__}, got {spec!r}")
                    offers.append((kind, spec))
            except Exception as error:  # the other hooks of this package may still be good
                problem = problem or f"{hook}() raises {type(error).__name__}: {error}"
    return offers, problem


def _name(spec: Spec) -> str:
    if isinstance(spec, hookspecs.SchemaRule):
        return f"{spec.section}:{spec.type}"
    return spec.key if isinstance(spec, hookspecs.HealthCheckSpec) else spec.type


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
