"""What can't be rendered, or does not fit: an error says so, in its place, and tells nothing that may be secret."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

import pytest

from occopus.errors import RenderError
from occopus.testing.contextualiser_suite.fixtures import MakeContextualiser
from occopus.testing.contextualiser_suite.tools import instead, scope, with_places
from occopus.testing.contract import written_in

UNHEARD = "what-nobody-may-know"
RENDER = "occopus.plugins.Contextualiser.render"


class FailureChecks:
    @written_in("occopus.plugins.Scope.render", "Let it pass: it names the place.")
    def test_fault_of_a_template_is_passed_on(self, make_contextualiser: MakeContextualiser, section: dict[str, Any]) -> None:
        error = error_of(make_contextualiser, instead(with_places(section), "{{ no_such_name }}"), "a template at fault must be an error")
        assert error.path[:1] == ("contextualisation",), f"the error must be that of 'scope.render', which names the place: {error.message}"

    @written_in(RENDER, "RenderError: what came out does not fit.")
    def test_unfit_sections_are_refused(
        self, make_contextualiser: MakeContextualiser, unfit_sections: Mapping[str, Mapping[str, Any]]
    ) -> None:
        for description, section in unfit_sections.items():
            error = error_of(make_contextualiser, section, f"this must be refused once it is rendered: {description}")
            assert error.message.strip(), f"the error must say what is wrong: {description}"

    @written_in(RENDER, "The message does not quote it: it may be secret.")
    def test_errors_tell_no_secret(self, make_contextualiser: MakeContextualiser, unfit_sections: Mapping[str, Mapping[str, Any]]) -> None:
        for description, section in unfit_sections.items():
            error = error_of(make_contextualiser, section, f"this must be refused once it is rendered: {description}")
            assert UNHEARD not in f"{error.message} {error.hint}", f"an error must not quote what came out of a template: {description}"

    @written_in(RENDER, "No log may tell what came out, since it may be secret.")
    def test_logs_tell_no_secret(
        self, make_contextualiser: MakeContextualiser, section: dict[str, Any], caplog: pytest.LogCaptureFixture
    ) -> None:
        with caplog.at_level(logging.DEBUG):
            make_contextualiser().render(scope(with_places(section), UNHEARD))
        assert UNHEARD not in caplog.text, "no log may tell what came out of a template, however talkative it is"


def error_of(make_contextualiser: MakeContextualiser, section: Mapping[str, Any], wanted: str) -> RenderError:
    """What rendering a section raises; without a RenderError, the check fails with what was wanted."""
    try:
        make_contextualiser().render(scope(section, UNHEARD))
    except RenderError as error:
        return error
    except Exception as error:
        raise AssertionError(f"{wanted}, as a RenderError; {type(error).__name__} left the contextualiser: {error}") from error
    raise AssertionError(f"{wanted}; there was none")
