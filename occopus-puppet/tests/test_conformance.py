"""The manager of Puppet keeps the contract of a config manager, as far as it applies without a server."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pytest

from occopus.plugins import ConfigManager, ConfigManagerConfig, ConfigManagerSpec
from occopus.plugins.registry import Registry
from occopus.testing.config_manager_suite import ServerFreeSuite
from occopus_puppet.manager import PuppetSoloManager


class TestPuppetSolo(ServerFreeSuite):
    @pytest.fixture
    def spec(self, occopus_registry: Registry) -> ConfigManagerSpec:
        return occopus_registry.config_manager("puppet_solo")

    @pytest.fixture
    def make_manager(self, section: dict[str, Any]) -> Callable[[], ConfigManager]:
        return lambda: PuppetSoloManager(ConfigManagerConfig(section, {}, logging.getLogger("occopus.puppet_solo")))

    @pytest.fixture
    def section(self) -> dict[str, Any]:
        return {
            "type": "puppet_solo",
            "manifests": ["https://example.org/site.pp"],
            "modules": ["puppetlabs-mysql"],
            "attributes": [{"rootpassword": "x"}, {"ports": [80, 443]}],
        }

    @pytest.fixture
    def invalid_sections(self, section: dict[str, Any]) -> Mapping[str, Mapping[str, Any]]:
        return {
            "no manifest": {**section, "manifests": []},
            "a manifest that is no URL": {**section, "manifests": ["site.pp"]},
            "a URL with a blank": {**section, "manifests": ["https://example.org/my site.pp"]},
            "a module with a blank": {**section, "modules": ["puppetlabs-mysql puppetlabs-apache"]},
            "attributes as a mapping": {**section, "attributes": {"rootpassword": "x"}},
            "two attributes in one": {**section, "attributes": [{"a": 1, "b": 2}]},
            "an attribute without a name": {**section, "attributes": [{}]},
            "an endpoint, where there is no server": {**section, "endpoint": "https://puppet.example.org"},
        }

    @pytest.fixture
    def heavy_modules(self) -> Sequence[str]:
        return ("requests",)
