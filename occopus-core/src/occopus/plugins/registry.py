"""What is installed: every spec that the packages offer, by kind and name, and what went wrong with the others."""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from occopus.errors import MissingPlugin
from occopus.plugins.config_manager import ConfigManagerSpec
from occopus.plugins.contextualiser import ContextualiserSpec
from occopus.plugins.health import HealthCheckSpec
from occopus.plugins.notifier import NotifierSpec
from occopus.plugins.resource import ResourceHandlerSpec
from occopus.plugins.schema import SchemaRule

Spec = ResourceHandlerSpec | ContextualiserSpec | ConfigManagerSpec | HealthCheckSpec | NotifierSpec | SchemaRule

S = TypeVar("S", bound=Spec)

KNOWN_PACKAGES = {
    "ec2": "occopus-ec2",
    "nova": "occopus-nova",
    "azure_vm": "occopus-azure",
    "azure_aci": "occopus-azure-aci",
    "docker": "occopus-docker",
    "cloudsigma": "occopus-cloudsigma",
    "cloudbroker": "occopus-cloudbroker",
    "chef": "occopus-chef",
    "puppet_solo": "occopus-puppet",
    "ping": "occopus-healthchecks",
    "ports": "occopus-healthchecks",
    "urls": "occopus-healthchecks",
    "mysqldbs": "occopus-healthchecks",
}
"""Which package offers what, for names that nobody has installed. Only a hint: any package may offer any name."""


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
    """The plugins in use. `conflicts` has, for each name that several packages claim, all of their plugins; none of them is in use."""

    plugins: Mapping[tuple[str, str], Plugin] = field(default_factory=dict)
    conflicts: Mapping[tuple[str, str], tuple[Plugin, ...]] = field(default_factory=dict)
    rules: tuple[Plugin, ...] = ()
    packages: tuple[Package, ...] = ()

    def resource_handler(self, type: str) -> ResourceHandlerSpec:
        return self._need("resource handler", type, ResourceHandlerSpec)

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

    def _need(self, kind: str, name: str, spec_type: type[S]) -> S:
        plugin = self.plugins.get((kind, name))
        if plugin is not None and isinstance(plugin.spec, spec_type):
            return plugin.spec
        rivals = self.conflicts.get((kind, name))
        if rivals:
            packages = " and ".join(sorted(rival.package.name for rival in rivals))
            raise MissingPlugin(f"the {kind} '{name}' is offered by {packages}", "uninstall all but one of them")
        raise MissingPlugin(f"no {kind} '{name}' is installed", self._where_from(kind, name))

    def _where_from(self, kind: str, name: str) -> str:
        package = KNOWN_PACKAGES.get(name)
        broken = next((p for p in self.packages if p.name == package and p.problem), None)
        if broken:
            return f"{broken.name} is installed but does not load: {broken.problem}"
        if package:
            return f"pip install {package}"
        names = ", ".join(self.names(kind)) or "none"
        return f"installed: {names}; 'occopus plugins' shows what was found"


def load_object(reference: str) -> Any:
    """What a spec names as `package.module:Object`.

    Raises:
        MissingPlugin: it can't be imported; the message has the reason.
    """
    module, _, name = reference.partition(":")
    try:
        return getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError) as error:
        raise MissingPlugin(f"'{reference}' can't be loaded: {error}") from error
