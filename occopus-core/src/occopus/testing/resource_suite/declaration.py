"""The spec: does it tell users and the core what they need, without loading anything heavy?"""

from __future__ import annotations

from collections.abc import Sequence

from occopus.plugins.registry import load_object
from occopus.plugins.resource import ResourceHandler, ResourceHandlerSpec
from occopus.testing.section_checks import SectionChecks, assert_not_loaded_with_the_plugins


class DeclarationChecks(SectionChecks):
    def test_handler_can_be_loaded(self, spec: ResourceHandlerSpec) -> None:
        handler = load_object(spec.handler)
        assert isinstance(handler, type), f"'{spec.handler}' must name a class"
        assert issubclass(handler, ResourceHandler), f"'{spec.handler}' must be a ResourceHandler"

    def test_plugin_loads_without_its_handler(self, spec: ResourceHandlerSpec, heavy_modules: Sequence[str]) -> None:
        assert_not_loaded_with_the_plugins([spec.handler.partition(":")[0], *heavy_modules], "handler")

    def test_limit_of_user_data_makes_sense(self, spec: ResourceHandlerSpec) -> None:
        assert spec.user_data_limit is None or spec.user_data_limit > 0, "a limit of user data is a number of bytes above 0"
