"""`render`: what comes out is a context, with everything in it that users wrote, rendered once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from occopus.plugins.contextualiser import ContainerContext, ContextualiserSpec, UserData
from occopus.testing.contextualiser_suite.fixtures import MakeContextualiser
from occopus.testing.contextualiser_suite.tools import scope, texts, with_places
from occopus.testing.contract import written_in

RENDER = "occopus.plugins.Contextualiser.render"
FORMS = {"cloudinit": UserData, "docker": ContainerContext}
"""What the contextualisers of the core give."""


class RenderingChecks:
    @written_in(RENDER, "What a node is given; None where it is given nothing.")
    def test_gives_a_context(self, make_contextualiser: MakeContextualiser, section: dict[str, Any]) -> None:
        context = make_contextualiser().render(scope(section))
        assert isinstance(context, UserData | ContainerContext | None), (
            f"a node must be given UserData, a ContainerContext or None: {context!r}"
        )

    @written_in("occopus.plugins.UserData", "Text for cloud-init or whatever reads a machine's user data.")
    def test_user_data_is_text(self, make_contextualiser: MakeContextualiser, section: dict[str, Any]) -> None:
        context = make_contextualiser().render(scope(section))
        if isinstance(context, UserData):
            assert isinstance(context.text, str), f"user data must be text, not {type(context.text).__name__}"

    @written_in("occopus.plugins.ContainerContext", "Environment (`NAME=value`) and command of a container")
    def test_container_is_given_its_environment(self, make_contextualiser: MakeContextualiser, section: dict[str, Any]) -> None:
        context = make_contextualiser().render(scope(section))
        if isinstance(context, ContainerContext):
            env, command = context.env, context.command
            assert isinstance(env, tuple), "the environment must be a tuple: a context does not change"
            assert all(isinstance(each, str) and each.find("=") > 0 for each in env), f"each of the environment must be NAME=value: {env}"
            assert isinstance(command, str | tuple | None), f"a command must be a text, a tuple of texts or None, not {command!r}"
            assert all(isinstance(part, str) for part in command or ()), f"all parts of a command must be texts: {command!r}"

    @written_in("occopus.plugins.ContextualiserSpec", "it gives the same kind of context")
    def test_gives_what_the_like_of_it_gives(
        self, spec: ContextualiserSpec, make_contextualiser: MakeContextualiser, section: dict[str, Any]
    ) -> None:
        context = make_contextualiser().render(scope(section))
        if spec.like in FORMS and context is not None:
            assert isinstance(context, FORMS[spec.like]), f"in place of '{spec.like}' it must give {FORMS[spec.like].__name__}: {context!r}"

    @written_in(RENDER, "What users write is rendered once, by `scope.render`")
    def test_templates_are_rendered(self, make_contextualiser: MakeContextualiser, section: dict[str, Any]) -> None:
        given = texts(make_contextualiser().render(scope(with_places(section), "what-the-word-is")))
        assert "what-the-word-is" in given, "what a template gives must be in what the node is given"
        assert "variables.word" not in given, "no template may be left in what the node is given"

    @written_in(RENDER, "a value that holds braces is no template")
    def test_values_are_not_rendered_again(self, make_contextualiser: MakeContextualiser, section: dict[str, Any]) -> None:
        given = texts(make_contextualiser().render(scope(with_places(section), "{{ 6 * 7 }}")))
        assert "6 * 7" in given, "a value that looks like a template must come through as it is: render what users write, and only once"

    @written_in("occopus.plugins.Scope.render", "`where` is the key of the section that it stands under")
    def test_places_are_keys_of_the_section(
        self, spec: ContextualiserSpec, make_contextualiser: MakeContextualiser, section: Mapping[str, Any]
    ) -> None:
        given = scope(section)
        make_contextualiser().render(given)
        odd = [place for place in given.places if place not in spec.schema]
        assert not odd, f"'where' must be the key of the section that the value stands under, since errors point there, not {odd}"
