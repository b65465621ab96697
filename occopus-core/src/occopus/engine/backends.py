"""Makes the resource handlers and config managers of a pass: one for each endpoint and set of credentials."""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from occopus.credentials import Credentials
from occopus.errors import CredentialsError, MissingPlugin
from occopus.model.infrastructure import Infrastructure
from occopus.model.node import Implementation, Section
from occopus.plugins.config_manager import ConfigManager, ConfigManagerConfig, ConfigManagerSpec
from occopus.plugins.registry import Registry, load_object
from occopus.plugins.resource import HandlerConfig, ResourceHandler, ResourceHandlerSpec
from occopus.plugins.schema import CredentialsSpec
from occopus.schema.credentials import credentials_faults
from occopus.schema.validation import is_template


class Backends:
    """Handlers and managers, each made at its first use and kept for the length of a pass."""

    def __init__(self, registry: Registry, credentials: Credentials, data_dir: Path) -> None:
        self.registry = registry
        self.credentials = credentials
        self.data_dir = data_dir
        self._handlers: dict[str, ResourceHandler] = {}
        self._managers: dict[str, ConfigManager] = {}
        self._lock = threading.Lock()

    def handler(self, section: Section) -> ResourceHandler:
        """The handler that serves a resource section.

        Raises:
            MissingPlugin: nobody offers the type, or its class can't be loaded.
            CredentialsError: the authentication file does not say which entry to use.
        """
        spec = self.registry.resource_handler(section["type"])
        secrets = self._credentials("resource", section, spec.credentials)
        key = _key(section, spec.endpoint, secrets)
        with self._lock:
            if key not in self._handlers:
                self._check("resource", section, spec.credentials, secrets)
                config = HandlerConfig(section, secrets, self.data_dir, logging.getLogger(f"occopus.{spec.type}"))
                self._handlers[key] = self._make(spec.handler, config)
            return self._handlers[key]

    def manager(self, section: Section) -> ConfigManager:
        """The config manager that serves a config_management section; raises as `handler` does."""
        spec = self.registry.config_manager(section["type"])
        secrets = self._credentials("config_management", section, spec.credentials)
        key = _key(section, spec.endpoint, secrets)
        with self._lock:
            if key not in self._managers:
                self._check("config_management", section, spec.credentials, secrets)
                config = ConfigManagerConfig(section, secrets, logging.getLogger(f"occopus.{spec.type}"))
                self._managers[key] = self._make(spec.manager, config)
            return self._managers[key]

    def admit(self, infrastructure: Infrastructure) -> None:
        """See to it that the authentication file has what an infrastructure needs. Of several implementations of a node, one will do.

        Raises:
            CredentialsError: it has not.
        """
        for node in infrastructure.nodes.values():
            refusals = [self._refusal(implementation) for implementation in node.implementations]
            first = refusals[0] if refusals and all(refusals) else None
            if first:
                raise first

    def manager_key(self, section: Section) -> Section:
        """Of a config_management section, what finds its manager again."""
        spec = self.registry.config_manager(section["type"])
        return {name: section[name] for name in ("type", "name", *spec.endpoint) if name in section}

    def _make(self, reference: str, config: HandlerConfig | ConfigManagerConfig) -> Any:
        return load_object(reference)(config)

    def _credentials(self, kind: str, section: Section, spec: CredentialsSpec | None) -> Mapping[str, Any]:
        if spec is None:
            return {}
        return self.credentials.select(kind, section, required=spec.required) or {}

    def _refusal(self, implementation: Implementation) -> CredentialsError | None:
        """Why an implementation can't be used, as far as credentials go and can be told before templates are rendered."""
        try:
            spec = self.registry.resource_handler(implementation.type)
            self._sound("resource", implementation.resource, spec)
            if implementation.config_management:
                manager = self.registry.config_manager(implementation.config_management["type"])
                self._sound("config_management", implementation.config_management, manager)
        except CredentialsError as error:
            return error
        except MissingPlugin:
            return None  # it is reported where the description is checked
        return None

    def _sound(self, kind: str, section: Section, spec: ResourceHandlerSpec | ConfigManagerSpec) -> None:
        if not any(is_template(value) for value in section.values()):
            self._check(kind, section, spec.credentials, self._credentials(kind, section, spec.credentials))

    def _check(self, kind: str, section: Section, spec: CredentialsSpec | None, secrets: Mapping[str, Any]) -> None:
        """Refuse credentials that are none, before anybody is asked with them."""
        faults = credentials_faults(spec, secrets) if spec and secrets else []
        if faults:
            message = f"the credentials for {section['type']} are not right: {'; '.join(faults)}"
            raise CredentialsError(message, f"see {self.credentials.place(kind, section)}")


def _key(section: Section, endpoint: tuple[str, ...], secrets: Mapping[str, Any]) -> str:
    """Tells endpoints apart. Kept in memory only, since it holds the credentials."""
    return json.dumps([section["type"], [section.get(name) for name in endpoint], secrets], sort_keys=True, default=str)
