"""Makes the resource handlers and config managers of a pass: one for each endpoint and set of credentials."""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from occopus.credentials import Credentials
from occopus.model.node import Section
from occopus.plugins.config_manager import ConfigManager, ConfigManagerConfig
from occopus.plugins.registry import Registry, load_object
from occopus.plugins.resource import HandlerConfig, ResourceHandler


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
                config = HandlerConfig(section, secrets, self.data_dir, logging.getLogger(f"occopus.{spec.type}"))
                self._handlers[key] = load_object(spec.handler)(config)
            return self._handlers[key]

    def manager(self, section: Section) -> ConfigManager:
        """The config manager that serves a config_management section; raises as `handler` does."""
        spec = self.registry.config_manager(section["type"])
        secrets = self._credentials("config_management", section, spec.credentials)
        key = _key(section, spec.endpoint, secrets)
        with self._lock:
            if key not in self._managers:
                config = ConfigManagerConfig(section, secrets, logging.getLogger(f"occopus.{spec.type}"))
                self._managers[key] = load_object(spec.manager)(config)
            return self._managers[key]

    def manager_key(self, section: Section) -> Section:
        """Of a config_management section, what finds its manager again."""
        spec = self.registry.config_manager(section["type"])
        return {name: section[name] for name in ("type", "name", *spec.endpoint) if name in section}

    def _credentials(self, kind: str, section: Section, spec: Any) -> Mapping[str, Any]:
        if spec is None:
            return {}
        return self.credentials.select(kind, section, required=spec.required) or {}


def _key(section: Section, endpoint: tuple[str, ...], secrets: Mapping[str, Any]) -> str:
    """Tells endpoints apart. Kept in memory only, since it holds the credentials."""
    return json.dumps([section["type"], [section.get(name) for name in endpoint], secrets], sort_keys=True, default=str)
