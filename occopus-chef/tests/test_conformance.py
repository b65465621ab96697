"""The Chef manager keeps the contract of a config manager, on a real Chef server."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest

from occopus.model.instance import NodeId
from occopus.plugins import ConfigManager, ConfigManagerSpec, ErrorKind
from occopus.plugins.registry import Registry
from occopus.testing.config_manager_suite import Bench, ConfigManagerSuite
from occopus_chef.node import unfolded


class TestChef(ConfigManagerSuite):
    @pytest.fixture
    def spec(self, occopus_registry: Registry) -> ConfigManagerSpec:
        return occopus_registry.config_manager("chef")

    @pytest.fixture
    def make_manager(self, manager_for: Callable[..., ConfigManager]) -> Callable[[], ConfigManager]:
        return manager_for

    @pytest.fixture
    def section(self, plain_section: dict[str, Any]) -> dict[str, Any]:
        return plain_section

    @pytest.fixture
    def report(self, admin: Any) -> Callable[[NodeId, Mapping[str, Any]], None]:
        """As chef-client does: with a client of the machine's own, and everything that it finds out as automatic attributes."""

        def played(node_id: NodeId, attributes: Mapping[str, Any]) -> None:
            admin.ensure("clients", {"name": node_id})
            known = admin.get("nodes", node_id)
            admin.replace("nodes", {**known, "automatic": unfolded({"ohai_time": 1.5, **attributes})})

        return played

    @pytest.fixture
    def invalid_sections(self, section: dict[str, Any]) -> Mapping[str, Mapping[str, Any]]:
        return {
            "an endpoint that is no URL": {**section, "endpoint": "chef.example.org"},
            "a run list that is none": {**section, "run_list": "recipe[apache2]"},
            "a recipe without an end": {**section, "run_list": ["recipe[apache2"]},
            "a recipe with a blank": {**section, "run_list": ["recipe[apache 2]"]},
            "something else than recipes and roles": {**section, "run_list": ["cookbook[apache2]"]},
        }

    @pytest.fixture
    def inventory(self, admin: Any) -> Callable[[], Sequence[str]]:
        def held() -> Sequence[str]:
            roles = [name.rpartition("_")[0] for name in admin.names("roles")]
            return [*roles, *admin.names("environments"), *admin.names("nodes"), *admin.names("clients")]

        return held

    @pytest.fixture
    def provoke(self, bench: Bench, manager_for: Any, line: Any, chef: Any) -> Mapping[ErrorKind, Callable[[], object]]:
        def throttled() -> object:
            line.throttled_share = 1.0
            try:
                return manager_for().states([bench.node(bench.infra()).node_id])
            finally:
                line.throttled_share = 0.0

        def refused() -> object:
            node = bench.node(bench.prepared())
            return manager_for().register_node(replace(node, section={**node.section, "run_list": ["recipe[apache2"]}))

        return {
            ErrorKind.TRANSIENT: lambda: manager_for(endpoint="http://127.0.0.1:9").prepare_infrastructure(bench.infra()),
            ErrorKind.THROTTLED: throttled,
            ErrorKind.CREDENTIALS: lambda: manager_for(key=chef.validator_key).states([bench.node(bench.infra()).node_id]),
            ErrorKind.INVALID: refused,
        }

    @pytest.fixture
    def secrets(self, chef: Any) -> Sequence[str]:
        return (chef.admin_key, chef.validator_key)

    @pytest.fixture
    def heavy_modules(self) -> Sequence[str]:
        return ("requests", "cryptography", "urllib3")
