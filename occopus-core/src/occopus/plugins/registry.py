"""What is installed: every spec that the packages offer, by kind and name, and what went wrong with the others."""

from __future__ import annotations

import importlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from occopus.diagnostics import did_you_mean
from occopus.errors import MissingPlugin
from occopus.plugins.config_manager import ConfigManagerSpec
from occopus.plugins.contextualiser import ContextualiserSpec
from occopus.plugins.health import HealthCheckSpec
from occopus.plugins.notifier import NotifierSpec
from occopus.plugins.resource import ResourceHandlerSpec
from occopus.plugins.schema import SchemaRule

Spec = ResourceHandlerSpec | ContextualiserSpec | ConfigManagerSpec | HealthCheckSpec | NotifierSpec | SchemaRule

S = TypeVar("S", bound=Spec)

CORE = "occopus-core"
"""The distribution that holds this module, which nobody can do without."""

KNOWN_PACKAGES = {
    ("resource handler", "ec2"): "occopus-ec2",
    ("resource handler", "nova"): "occopus-nova",
    ("resource handler", "azure_vm"): "occopus-azure",
    ("resource handler", "azure_aci"): "occopus-azure-aci",
    ("resource handler", "docker"): "occopus-docker",
    ("resource handler", "cloudsigma"): "occopus-cloudsigma",
    ("resource handler", "cloudbroker"): "occopus-cloudbroker",
    ("config manager", "chef"): "occopus-chef",
    ("config manager", "puppet_solo"): "occopus-puppet",
    ("health check", "ping"): "occopus-healthchecks",
    ("health check", "ports"): "occopus-healthchecks",
    ("health check", "urls"): "occopus-healthchecks",
    ("health check", "mysqldbs"): "occopus-healthchecks",
    ("health check", "mysqlDBs"): "occopus-healthchecks",
    ("notifier", "fcm"): "occopus-fcm",
}
"""By kind and name: which package offers what nobody has installed. Only a hint: any package may offer any name."""


DROPPED = {
    ("resource handler", "occi"): "OCCI was dropped in release 1.8: use 'nova' for a cloud with OpenStack, or 'ec2'",
    ("contextualiser", "cloudbroker"): "CloudBroker has instances in place of jobs since release 1.5: use 'cloudinit'",
    ("config manager", "dummy"): "leave the section 'config_management' out",
}
"""By kind and name: what Occopus 1 once had, and what to write instead."""


@dataclass(frozen=True)
class Package:
    """A distribution that announced itself. `problem` says why (some of) its plugins are not used."""

    name: str
    version: str
    problem: str | None = None


@dataclass(frozen=True)
class Plugin:
    """One spec with the package that offers it."""

    kind: str
    name: str
    spec: Spec
    package: Package


@dataclass(frozen=True)
class Registry:
    """The plugins in use. `conflicts` has, for each name that several packages claim, all of their plugins; none of them is in use.

    With `refuses_local`, nothing may run on this machine, since descriptions come from others.
    """

    plugins: Mapping[tuple[str, str], Plugin] = field(default_factory=dict)
    conflicts: Mapping[tuple[str, str], tuple[Plugin, ...]] = field(default_factory=dict)
    rules: tuple[Plugin, ...] = ()
    packages: tuple[Package, ...] = ()
    refuses_local: bool = False

    def resource_handler(self, type: str) -> ResourceHandlerSpec:
        spec = self._need("resource handler", type, ResourceHandlerSpec)
        if spec.local and self.refuses_local:
            raise MissingPlugin(
                f"nodes of the type '{type}' would run on the machine of the service",
                "whoever runs it can allow that: --allow-local-commands",
            )
        return spec

    def contextualiser(self, type: str) -> ContextualiserSpec:
        return self._need("contextualiser", type, ContextualiserSpec)

    def config_manager(self, type: str) -> ConfigManagerSpec:
        return self._need("config manager", type, ConfigManagerSpec)

    def notifier(self, type: str) -> NotifierSpec:
        return self._need("notifier", type, NotifierSpec)

    def health_check(self, key: str) -> HealthCheckSpec:
        """The check behind a key of `health_check`, under any of its spellings."""
        spelling = next((spec.key for spec in self.health_checks() if key in spec.aliases), key)
        return self._need("health check", spelling, HealthCheckSpec)

    def health_checks(self) -> Iterator[HealthCheckSpec]:
        return (p.spec for p in self.plugins.values() if isinstance(p.spec, HealthCheckSpec))

    def names(self, kind: str) -> list[str]:
        """The names in use of a kind, for suggestions."""
        return sorted(name for each, name in self.plugins if each == kind)

    def schema_rules(self, section: str, type: str) -> list[SchemaRule]:
        """What packages add to the rules of a type."""
        specs = (plugin.spec for plugin in self.rules)
        return [spec for spec in specs if isinstance(spec, SchemaRule) and (spec.section, spec.type) == (section, type)]

    def package_of(self, spec: Spec) -> str:
        """The name of the package that offers a spec, for messages."""
        return next((plugin.package.name for plugin in (*self.plugins.values(), *self.rules) if plugin.spec is spec), "?")

    def is_announced(self, kind: str, name: str) -> bool:
        """Whether a name means something although nothing of that name may be in use: it is contested, or known to be offered somewhere."""
        return (kind, name) in KNOWN_PACKAGES or self._rivals(kind, name) != ()

    def _rivals(self, kind: str, name: str) -> tuple[Plugin, ...]:
        """The plugins that keep each other from being used under a name."""
        for (each, contested), rivals in self.conflicts.items():
            if each == kind and name in (contested, *(rival.name for rival in rivals)):
                return rivals
        return ()

    def _need(self, kind: str, name: str, spec_type: type[S]) -> S:
        plugin = self.plugins.get((kind, name))
        if plugin is not None and isinstance(plugin.spec, spec_type):
            return plugin.spec
        packages = sorted({rival.package.name for rival in self._rivals(kind, name)})
        if len(packages) == 1:
            raise MissingPlugin(f"the {kind} '{name}' is offered twice by {packages[0]}", f"tell the authors of {packages[0]}")
        if packages:
            others = " or ".join(package for package in packages if package != CORE)
            raise MissingPlugin(f"the {kind} '{name}' is offered by {' and '.join(packages)}", f"keep one of them: pip uninstall {others}")
        raise MissingPlugin(f"no {kind} '{name}' is installed", self._where_from(kind, name))

    def _where_from(self, kind: str, name: str) -> str:
        if (kind, name) in DROPPED:
            return DROPPED[kind, name]
        package = KNOWN_PACKAGES.get((kind, name))
        broken = next((p for p in self.packages if _normal(p.name) == package and p.problem), None)
        if broken:
            return f"{broken.name} is installed but does not load: {broken.problem}"
        if package:
            return f"pip install {package}"
        near = did_you_mean(name, {*self.names(kind), *(known for each, known in KNOWN_PACKAGES if each == kind)})
        if near and near.startswith("did you mean"):
            return near
        names = ", ".join(self.names(kind)) or "none"
        unusable = "; ".join(f"{p.name} does not load: {p.problem}" for p in self.packages if p.problem)
        return f"installed: {names}; " + (unusable or "'occopus plugins' shows what was found")


def _normal(package: str) -> str:
    """A distribution's name in the spelling that all its spellings share."""
    return re.sub("[-_.]+", "-", package).lower()


def load_object(reference: str) -> Any:
    """What a spec names as `package.module:Object`.

    Raises:
        MissingPlugin: it can't be imported; the message has the reason.
    """
    module, _, name = reference.partition(":")
    try:
        return getattr(importlib.import_module(module), name)
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # a module that breaks, or leaves by sys.exit(), breaks only what needs it
        reason = " ".join(f"{type(error).__name__}: {error}".split())
        raise MissingPlugin(f"'{reference}' can't be loaded: {reason}", "'occopus plugins' shows whose it is") from error
