"""The conformance suite of contextualisers does its work: faulty ones fail the check for it. Those of the core pass it in `builtin`."""

from __future__ import annotations

import logging
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from occopus.errors import RenderError
from occopus.plugins import ContainerContext, Context, Contextualiser, ContextualiserSpec, Scope, UserData, text
from occopus.testing.contextualiser_suite import ContextualiserSuite
from occopus.testing.contract import checks_of, unwritten

SPEC = ContextualiserSpec(
    type="letter",
    contextualiser="letters:Letter",
    schema={"words": text("What is written.", required=True), "strict": {"type": "boolean", "meta": {"description": "Whether."}}},
    summary="What a clerk writes",
    like="cloudinit",
)
SECTION = {"type": "letter", "words": "Dear {{ name }}, the word is {{ variables.word }}."}
UNFIT = {"type": "letter", "words": "{{ variables.word }} no letter", "strict": True}


class Letter(Contextualiser):
    """Keeps the contract."""

    def render(self, scope: Scope) -> Context | None:
        words = scope.render(scope.section["words"], "words")
        if scope.section.get("strict") and not words.startswith("Dear"):
            raise RenderError("a letter begins with Dear")
        return UserData(words)


class Telegram(Letter):
    """No context at all."""

    def render(self, scope: Scope) -> Any:
        return super().render(scope).text  # type: ignore[union-attr]


class Bytes(Letter):
    def render(self, scope: Scope) -> Context | None:
        return UserData(scope.section["words"].encode())


class Parcel(Letter):
    """For a container."""

    env: Any = ("A=b",)
    command: Any = None

    def render(self, scope: Scope) -> Context | None:
        return ContainerContext(self.env, self.command)


class Listed(Parcel):
    env: Any = ["A=b"]  # noqa: RUF012 - that is what is wrong with it


class Nameless(Parcel):
    env = ("=b",)


class Numbered(Parcel):
    command = ("echo", 1)


class Unread(Letter):
    """Hands on what users wrote."""

    def render(self, scope: Scope) -> Context | None:
        return UserData(scope.section["words"])


class Silent(Letter):
    def render(self, scope: Scope) -> Context | None:
        return None


class Twice(Letter):
    def render(self, scope: Scope) -> Context | None:
        return UserData(scope.render(super().render(scope).text, "words"))  # type: ignore[union-attr]


class Elsewhere(Letter):
    def render(self, scope: Scope) -> Context | None:
        return UserData(scope.render(scope.section["words"], "the words"))


class Scribbling(Letter):
    def render(self, scope: Scope) -> Context | None:
        scope.section["strict"] = False  # type: ignore[index]
        return super().render(scope)


class Dated(Letter):
    written = 0

    def render(self, scope: Scope) -> Context | None:
        Dated.written += 1
        return UserData(f"{self.written}: {super().render(scope)}")


class Copying(Letter):
    """Writes one letter, and that to all."""

    first: Context | None = None

    def render(self, scope: Scope) -> Context | None:
        self.first = self.first or super().render(scope)
        return self.first


class Shared(Letter):
    """Keeps in itself what it is just writing, so that threads get in each other's way."""

    def __init__(self) -> None:
        self.meeting = threading.Barrier(6)

    def render(self, scope: Scope) -> Context | None:
        self.scope = scope
        self.meeting.wait(30)
        return super().render(self.scope)


class Covering(Letter):
    """Has words of its own for what went wrong."""

    def render(self, scope: Scope) -> Context | None:
        try:
            return super().render(scope)
        except RenderError as error:
            raise RenderError("it can't be written") from error


class Lenient(Letter):
    def render(self, scope: Scope) -> Context | None:
        try:
            return super().render(scope)
        except RenderError:
            return None


class Crashing(Letter):
    def render(self, scope: Scope) -> Context | None:
        try:
            return super().render(scope)
        except RenderError as error:
            raise ValueError(error.message) from error


class Quoting(Letter):
    def render(self, scope: Scope) -> Context | None:
        try:
            return super().render(scope)
        except RenderError as error:
            raise RenderError(f"{error.message}: {scope.render(scope.section['words'], 'words')}") from error


class Talkative(Letter):
    def render(self, scope: Scope) -> Context | None:
        written = super().render(scope)
        logging.getLogger("letters").debug("written: %s", written)
        return written


class Demanding(Letter):
    def __init__(self, pen: str) -> None:
        """It writes with nothing else."""


SUITE = ContextualiserSuite()

FAULTS: list[tuple[type[Letter], str, str]] = [
    (Telegram, "gives_a_context", "must be given UserData"),
    (Bytes, "user_data_is_text", "must be text, not bytes"),
    (Listed, "container_is_given_its_environment", "must be a tuple"),
    (Nameless, "container_is_given_its_environment", "must be NAME=value"),
    (Numbered, "container_is_given_its_environment", "must be texts"),
    (Parcel, "gives_what_the_like_of_it_gives", "must give UserData"),
    (Unread, "templates_are_rendered", "must be in what the node is given"),
    (Silent, "templates_are_rendered", "must be in what the node is given"),
    (Twice, "values_are_not_rendered_again", "only once"),
    (Elsewhere, "places_are_keys_of_the_section", "errors point there"),
    (Scribbling, "section_stays_as_it_is", "must stay as it is"),
    (Dated, "same_section_gives_the_same", "the same must come out"),
    (Copying, "nodes_do_not_mix", "its own context"),
    (Shared, "threads_do_not_mix", "its own context"),
    (Covering, "fault_of_a_template_is_passed_on", "names the place"),
    (Lenient, "fault_of_a_template_is_passed_on", "there was none"),
    (Crashing, "fault_of_a_template_is_passed_on", "ValueError left"),
    (Lenient, "unfit_sections_are_refused", "must be refused"),
    (Crashing, "unfit_sections_are_refused", "ValueError left"),
    (Quoting, "errors_tell_no_secret", "must not quote"),
    (Talkative, "logs_tell_no_secret", "however talkative"),
]

SPEC_FAULTS: list[tuple[str, dict[str, Any], str]] = [
    ("contextualiser_can_be_loaded", {"contextualiser": "letters:SPEC"}, "must name a class"),
    ("contextualiser_can_be_loaded", {"contextualiser": "letters:RenderError"}, "must be a Contextualiser"),
    ("contextualiser_is_made_without_arguments", {"contextualiser": "letters:Demanding"}, "without arguments"),
    ("what_it_is_like_is_of_the_core", {"like": "ignition"}, "must be one of cloudinit and docker"),
]

OF_ALL = ("occopus.testing.section_checks", "occopus.testing.documentation_checks")
"""Where the checks are that several suites share, and that are tested once."""


@pytest.fixture
def known(caplog: pytest.LogCaptureFixture) -> Callable[[type[Letter]], dict[str, Any]]:
    """By its name, whatever a check may ask for, with a contextualiser of this kind."""
    return lambda kind: {
        "spec": SPEC,
        "make_contextualiser": kind,
        "section": dict(SECTION),
        "unfit_sections": {"no letter": UNFIT},
        "caplog": caplog,
    }


def run(name: str, given: dict[str, Any]) -> None:
    check = getattr(SUITE, f"test_{name}")
    check(**{asked: given[asked] for asked in check.__code__.co_varnames[1 : check.__code__.co_argcount]})


@pytest.mark.parametrize(("kind", "name", "words"), FAULTS)
def test_fault_is_noticed(known: Any, kind: type[Letter], name: str, words: str) -> None:
    with pytest.raises(AssertionError, match=words):
        run(name, known(kind))


@pytest.mark.parametrize("name", sorted({name for _, name, _ in FAULTS}))
def test_one_that_keeps_the_contract_passes(known: Any, name: str) -> None:
    run(name, known(Letter))


@pytest.mark.parametrize("kind", [Listed, Parcel])
def test_containers_are_no_machines(known: Any, kind: type[Parcel]) -> None:
    with pytest.raises(AssertionError, match="must give UserData"):
        run("gives_what_the_like_of_it_gives", known(kind))
    run("gives_what_the_like_of_it_gives", {**known(kind), "spec": replace(SPEC, like="docker")})


@pytest.fixture
def letters(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """This module under a name by which specs can name it."""
    monkeypatch.setitem(sys.modules, "letters", sys.modules[__name__])


@pytest.mark.usefixtures("letters")
@pytest.mark.parametrize(("name", "changes", "words"), SPEC_FAULTS)
def test_fault_of_a_spec_is_noticed(name: str, changes: dict[str, Any], words: str) -> None:
    check = getattr(SUITE, f"test_{name}")
    check(SPEC)
    with pytest.raises(AssertionError, match=words):
        check(replace(SPEC, **changes))


def test_what_is_loaded_too_early_is_noticed() -> None:
    with pytest.raises(AssertionError, match="must not import these"):
        SUITE.test_plugin_loads_without_its_contextualiser(replace(SPEC, contextualiser="occopus.plugins.loading:x"), ())


def test_without_a_place_for_words_templates_are_not_checked(known: Any) -> None:
    with pytest.raises(pytest.skip.Exception, match=r"needs '{{ variables.word }}'"):
        run("templates_are_rendered", {**known(Letter), "section": {"type": "letter", "words": "none"}})


def test_every_check_is_seen_to_fail() -> None:
    seen = {f"test_{name}" for _, name, _ in FAULTS} | {f"test_{name}" for name, _, _ in SPEC_FAULTS}
    seen.add("test_plugin_loads_without_its_contextualiser")
    own = {name for name, check in checks_of(ContextualiserSuite).items() if check.__module__ not in OF_ALL}
    assert seen == own


def test_every_check_quotes_the_contract() -> None:
    assert list(unwritten(ContextualiserSuite)) == []
