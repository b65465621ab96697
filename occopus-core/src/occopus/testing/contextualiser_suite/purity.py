"""The same section gives the same context, whoever asks, whatever else is rendered, and as often as anybody likes."""

from __future__ import annotations

import copy
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

from occopus.plugins.contextualiser import Context
from occopus.testing.contextualiser_suite.fixtures import MakeContextualiser
from occopus.testing.contextualiser_suite.tools import scope, texts, with_places
from occopus.testing.contract import written_in

TIMES = 6

CLASS = "occopus.plugins.Contextualiser"
PURE = "Pure: the same scope gives the same context."
SHARED = "One object serves all nodes whose section is of its type, and is called from several threads."


class PurityChecks:
    @written_in("occopus.plugins.Scope.section", "It must stay as it is.")
    def test_section_stays_as_it_is(self, make_contextualiser: MakeContextualiser, section: dict[str, Any]) -> None:
        before = copy.deepcopy(section)
        make_contextualiser().render(scope(section))
        assert section == before, "a section is rendered for each node anew, so it must stay as it is"

    @written_in(CLASS, PURE)
    def test_same_section_gives_the_same(self, make_contextualiser: MakeContextualiser, section: dict[str, Any]) -> None:
        contextualiser = make_contextualiser()
        first, again = contextualiser.render(scope(section)), contextualiser.render(scope(section))
        assert first == again, "rendered again, the same must come out, or a plan would differ from what is done"
        assert make_contextualiser().render(scope(section)) == first, "another program must give the same context for the same section"

    @written_in(CLASS, SHARED)
    def test_nodes_do_not_mix(self, make_contextualiser: MakeContextualiser, section: dict[str, Any]) -> None:
        contextualiser, section = make_contextualiser(), dict(with_places(section))
        found = [contextualiser.render(scope(section, word)) for word in ("one", "other", "one")]
        assert found[0] == found[2] != found[1], "each node must be given its own context, whatever was rendered before"

    @written_in(CLASS, SHARED)
    def test_threads_do_not_mix(self, make_contextualiser: MakeContextualiser, section: dict[str, Any]) -> None:
        contextualiser, section = make_contextualiser(), dict(with_places(section))
        words, start = [f"word-{number}" for number in range(TIMES)], Barrier(TIMES)

        def render(word: str) -> Context | None:
            start.wait()
            return contextualiser.render(scope(section, word))

        with ThreadPoolExecutor(TIMES) as pool:
            found = list(pool.map(render, words))
        mixed = [word for word, context in zip(words, found, strict=True) if word not in texts(context)]
        assert not mixed, f"called from several threads, each must be given its own context; these were not: {mixed}"
