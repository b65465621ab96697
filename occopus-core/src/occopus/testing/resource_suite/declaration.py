"""The spec: does it tell users and the core what they need, without loading anything heavy?"""

from __future__ import annotations

import math
from collections.abc import Sequence

from occopus.plugins.registry import Registry, load_object
from occopus.plugins.resource import ResourceHandler, ResourceHandlerSpec
from occopus.testing.contract import written_in
from occopus.testing.section_checks import EndpointChecks, assert_not_loaded_with_the_plugins

SPEC = "occopus.plugins.ResourceHandlerSpec"


class DeclarationChecks(EndpointChecks):
    @written_in(SPEC, "`handler` is `package.module:Class`, a `ResourceHandler`.")
    def test_handler_can_be_loaded(self, spec: ResourceHandlerSpec) -> None:
        handler = load_object(spec.handler)
        assert isinstance(handler, type), f"'{spec.handler}' must name a class"
        assert issubclass(handler, ResourceHandler), f"'{spec.handler}' must be a ResourceHandler"

    @written_in(SPEC, "That module, and the SDK, are imported when the first handler of the type is needed, not with the plugin.")
    def test_plugin_loads_without_its_handler(self, spec: ResourceHandlerSpec, heavy_modules: Sequence[str]) -> None:
        assert_not_loaded_with_the_plugins([spec.handler.partition(":")[0], *heavy_modules], "handler")

    @written_in(SPEC, "`user_data_limit` is in bytes, above 0; None where there is no limit.")
    def test_limit_of_user_data_makes_sense(self, spec: ResourceHandlerSpec) -> None:
        assert spec.user_data_limit is None or spec.user_data_limit > 0, "a limit of user data is a number of bytes above 0"

    @written_in(SPEC, "`appears_within` is for how many seconds, 0 or more, the backend may not show what it was just asked to make")
    def test_appearing_takes_a_number_of_seconds(self, spec: ResourceHandlerSpec) -> None:
        assert 0 <= spec.appears_within < math.inf, f"'appears_within' must be a number of seconds, 0 or more, not {spec.appears_within}"

    @written_in(SPEC, "`contexts` are the contextualisers that fit, by their types, besides `basic` and none.")
    def test_contexts_are_known(self, spec: ResourceHandlerSpec, occopus_registry: Registry) -> None:
        known = occopus_registry.names("contextualiser")
        unknown = sorted(set(spec.contexts) - set(known))
        assert not unknown, f"'contexts' must name contextualisers that users can have; unknown: {unknown}, installed: {', '.join(known)}"
