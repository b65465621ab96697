"""The fixtures of the suite: the first two a contextualiser must give; of the others it overrides those that it has something to say to."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pytest

from occopus.plugins.contextualiser import Contextualiser, ContextualiserSpec
from occopus.plugins.registry import load_object

MakeContextualiser = Callable[[], Contextualiser]


class ContextualiserFixtures:
    @pytest.fixture
    def spec(self) -> ContextualiserSpec:
        """The spec as the package's hook yields it."""
        pytest.fail("the suite needs a fixture 'spec': the package's ContextualiserSpec")

    @pytest.fixture
    def section(self) -> dict[str, Any]:
        """A valid contextualisation section, with `{{ variables.word }}` somewhere in what it gives to nodes."""
        pytest.fail("the suite needs a fixture 'section': a valid contextualisation section, with '{{ variables.word }}' in it")

    @pytest.fixture
    def make_contextualiser(self, spec: ContextualiserSpec) -> MakeContextualiser:
        """Makes fresh contextualisers, as Occopus does."""
        made: MakeContextualiser = load_object(spec.contextualiser)
        return made

    @pytest.fixture
    def invalid_sections(self) -> Mapping[str, Mapping[str, Any]]:
        """By description: sections that the schema or the spec's checks must refuse."""
        return {}

    @pytest.fixture
    def unfit_sections(self) -> Mapping[str, Mapping[str, Any]]:
        """By description: sections that are valid as they are written, and of which nothing fit comes out: a RenderError must say so.

        `{{ variables.word }}` in them shows whether that error keeps to itself what may be a secret.
        """
        return {}

    @pytest.fixture
    def heavy_modules(self) -> Sequence[str]:
        """Modules that must not be imported before the first section is rendered."""
        return ()
