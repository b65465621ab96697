"""Finds the installed packages and asks each what it offers. One broken package never stops the others."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from importlib.metadata import EntryPoint, entry_points
from inspect import signature
from typing import Any

import pluggy

from occopus.diagnostics import did_you_mean
from occopus.plugins import hookspecs
from occopus.plugins.config_manager import ConfigManagerSpec
from occopus.plugins.contextualiser import ContextualiserSpec
from occopus.plugins.health import HealthCheckSpec
from occopus.plugins.notifier import NotifierSpec
from occopus.plugins.registry import Package, Plugin, Registry, Spec
from occopus.plugins.resource import ResourceHandlerSpec
from occopus.plugins.schema import SchemaRule
from occopus.plugins.versions import FIRST, refusal

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
    name = (distribution.name if distribution else None) or entry_point.value
    version = (distribution.version if distribution else None) or "?"
    try:
        offers, problems = _ask(entry_point.load())
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # whatever a package does on import, sys.exit() too, is its own problem, not everybody's
        offers, problems = [], [f"can't be imported: {_in_words(error)}"]
    package = Package(name, version, "; ".join(problems) or None)
    return package, [Plugin(kind, _names(spec)[0], spec, package) for kind, spec in offers]


def _ask(module: Any) -> tuple[list[tuple[str, Spec]], list[str]]:
    """What a package's module offers, and everything that is wrong with it."""
    if unfit := refusal(getattr(module, "CONTRACT", FIRST)):
        return [], [unfit]
    offers: list[tuple[str, Spec]] = []
    problems: list[str] = []
    marked = dict(_marked(module))
    problems += [f"{name}() is not marked with @hookimpl" for name in HOOKS if hasattr(module, name) and name not in marked]
    for hook, function in marked.items():
        if hook not in HOOKS:
            problems.append(f"{hook}() is no hook; {did_you_mean(hook, HOOKS)}")
            continue
        kind, spec_type = HOOKS[hook]
        try:
            offers += [(kind, _checked(spec, spec_type)) for spec in _call(function)]
        except KeyboardInterrupt:
            raise
        except _Unfit as error:
            problems.append(f"{hook}() {error}")
        except BaseException as error:  # the other hooks of this package may still be good
            problems.append(f"{hook}() raises {_in_words(error)}")
    if not (offers or problems or marked):
        problems.append("it has no function marked with @hookimpl")
    return offers, problems


class _Unfit(Exception):
    """A hook is not what it should be."""


def _marked(module: Any) -> Iterator[tuple[str, Callable[[], Any]]]:
    """The functions that a module marks as hooks, by the name of the hook."""
    manager = pluggy.PluginManager(hookspecs.PROJECT)
    for name in dir(module):
        options = manager.parse_hookimpl_opts(module, name)
        if options is not None:
            yield options.get("specname") or name, getattr(module, name)


def _call(function: Callable[[], Any]) -> Iterable[object]:
    if signature(function).parameters:
        raise _Unfit(f"takes arguments {signature(function)}; a hook takes none")
    offered: Iterable[object] = function()
    if isinstance(offered, str | bytes | Mapping) or not hasattr(offered, "__iter__"):
        raise _Unfit(f"gives {_short(offered)}; a hook yields what it offers")
    return offered


def _checked(spec: object, spec_type: type[Spec]) -> Spec:
    if not isinstance(spec, spec_type):
        raise _Unfit(f"yields {_short(spec)}; it should yield a {spec_type.__name__}")
    if not all(isinstance(name, str) and name for name in _names(spec)):
        raise _Unfit(f"yields a {spec_type.__name__} without a name")
    rules = spec.rule if isinstance(spec, HealthCheckSpec) else spec.schema
    if not isinstance(rules, Mapping):
        raise _Unfit(f"yields a {spec_type.__name__} '{_names(spec)[0]}' whose schema is no mapping")
    return spec


def _in_words(error: BaseException) -> str:
    """An error in one line."""
    return " ".join(f"{type(error).__name__}: {error}".split()).rstrip(":")


def _short(value: object) -> str:
    text = " ".join(repr(value).split())
    return text if len(text) <= 60 else text[:57] + "..."


def _names(spec: Spec) -> tuple[str, ...]:
    """The name under which a spec is listed, and its other spellings."""
    if isinstance(spec, SchemaRule):
        return (f"{spec.section}:{spec.type}",)
    return (spec.key, *spec.aliases) if isinstance(spec, HealthCheckSpec) else (spec.type,)


def _register(packages: list[Package], offered: list[Plugin]) -> Registry:
    rules = [plugin for plugin in offered if isinstance(plugin.spec, SchemaRule)]
    named = [plugin for plugin in offered if not isinstance(plugin.spec, SchemaRule)]
    claims: dict[tuple[str, str], list[Plugin]] = {}
    for plugin in named:
        for name in _names(plugin.spec):
            claims.setdefault((plugin.kind, name), []).append(plugin)
    conflicts: dict[tuple[str, str], tuple[Plugin, ...]] = {}
    for key, rivals in claims.items():
        if len(rivals) > 1 and tuple(rivals) not in conflicts.values():
            conflicts[key] = tuple(rivals)
    out = [rival for rivals in conflicts.values() for rival in rivals]
    return Registry(
        plugins={(plugin.kind, plugin.name): plugin for plugin in named if plugin not in out},
        conflicts=conflicts,
        rules=tuple(rules),
        packages=tuple(packages),
    )
