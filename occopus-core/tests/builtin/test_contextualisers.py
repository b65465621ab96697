"""The contextualisers of the core keep the contract of a contextualiser."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from occopus.plugins import ContextualiserSpec
from occopus.plugins.registry import Registry
from occopus.testing.contextualiser_suite import ContextualiserSuite


class TestBasic(ContextualiserSuite):
    @pytest.fixture
    def spec(self, occopus_registry: Registry) -> ContextualiserSpec:
        return occopus_registry.contextualiser("basic")

    @pytest.fixture
    def section(self) -> dict[str, Any]:
        return {"type": "basic", "attributes": {"colour": "red"}}


class CloudInitSuite(ContextualiserSuite):
    @pytest.fixture
    def spec(self, occopus_registry: Registry) -> ContextualiserSpec:
        return occopus_registry.contextualiser("cloudinit")

    @pytest.fixture
    def invalid_sections(self) -> Mapping[str, Mapping[str, Any]]:
        return {"a list for a template": {"type": "cloudinit", "context_template": ["a"]}}

    @pytest.fixture
    def unfit_sections(self) -> Mapping[str, Mapping[str, Any]]:
        wrong = {
            "no valid YAML": "#cloud-config\na: '{{ variables.word }}",
            "a tab": "#cloud-config\na:\n\t{{ variables.word }}: 1",
            "a list": "#cloud-config\n- {{ variables.word }}",
            "an unknown anchor": "#cloud-config\na: *{{ variables.word }}",
            "an unknown tag": "#cloud-config\na: !{{ variables.word }} 1",
            "a key twice over": "#cloud-config\n? [{{ variables.word }}]\n: 1",
        }
        return {description: {"type": "cloudinit", "context_template": text} for description, text in wrong.items()}


class TestCloudInitText(CloudInitSuite):
    @pytest.fixture
    def section(self) -> dict[str, Any]:
        return {"type": "cloudinit", "context_template": "#cloud-config\nruncmd:\n- echo '{{ variables.word }}' {{ getip('db') }}\n"}


class TestCloudInitMapping(CloudInitSuite):
    @pytest.fixture
    def section(self) -> dict[str, Any]:
        return {"type": "cloudinit", "context_template": {"runcmd": [["echo", "{{ variables.word }}"], "touch {{ name }}"]}}


class TestDocker(ContextualiserSuite):
    @pytest.fixture
    def spec(self, occopus_registry: Registry) -> ContextualiserSpec:
        return occopus_registry.contextualiser("docker")

    @pytest.fixture(params=["echo {{ variables.word }}", ["echo", "{{ variables.word }}"], None], ids=["text", "list", "none"])
    def section(self, request: pytest.FixtureRequest) -> dict[str, Any]:
        return {"type": "docker", "env": ["WORD={{ variables.word }}"], "command": request.param}

    @pytest.fixture
    def invalid_sections(self, section: dict[str, Any]) -> Mapping[str, Mapping[str, Any]]:
        return {"a variable without a value": {**section, "env": ["WORD"]}, "a number for a command": {**section, "command": 1}}

    @pytest.fixture
    def unfit_sections(self) -> Mapping[str, Mapping[str, Any]]:
        return {"no name": {"type": "docker", "env": ["{{ '' }}={{ variables.word }}"]}}
