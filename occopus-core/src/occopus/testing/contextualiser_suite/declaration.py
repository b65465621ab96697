"""The spec and the class: do they tell users and the core what they need, without loading anything early?"""

from __future__ import annotations

from collections.abc import Sequence

from occopus.plugins.contextualiser import Contextualiser, ContextualiserSpec
from occopus.plugins.registry import load_object
from occopus.testing.contract import written_in
from occopus.testing.section_checks import SectionChecks, assert_not_loaded_with_the_plugins

SPEC = "occopus.plugins.ContextualiserSpec"
OF_THE_CORE = ("cloudinit", "docker")


class DeclarationChecks(SectionChecks):
    @written_in(SPEC, "`contextualiser` is `package.module:Class`")
    def test_contextualiser_can_be_loaded(self, spec: ContextualiserSpec) -> None:
        contextualiser = load_object(spec.contextualiser)
        assert isinstance(contextualiser, type), f"'{spec.contextualiser}' must name a class"
        assert issubclass(contextualiser, Contextualiser), f"'{spec.contextualiser}' must be a Contextualiser"

    @written_in(SPEC, "the class is made without arguments")
    def test_contextualiser_is_made_without_arguments(self, spec: ContextualiserSpec) -> None:
        try:
            load_object(spec.contextualiser)()
        except TypeError as error:
            raise AssertionError(f"'{spec.contextualiser}' must be made without arguments: {error}") from error

    @written_in(SPEC, "imported when the first section of its type is rendered")
    def test_plugin_loads_without_its_contextualiser(self, spec: ContextualiserSpec, heavy_modules: Sequence[str]) -> None:
        assert_not_loaded_with_the_plugins([spec.contextualiser.partition(":")[0], *heavy_modules], "contextualiser")

    @written_in(SPEC, "`like` names a contextualiser of the core, `cloudinit` or `docker`, whose place this one can take")
    def test_what_it_is_like_is_of_the_core(self, spec: ContextualiserSpec) -> None:
        known = spec.like is None or spec.like in OF_THE_CORE
        assert known, f"'like' must be one of {' and '.join(OF_THE_CORE)}, or left out, not {spec.like!r}"
