"""The conformance suite of config managers does its work: one that keeps the contract passes, and faulty ones fail the check for it."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

sys.path.append(str(Path(__file__).parent))  # pytest puts no folder there by itself

from register_office import PASSWORD, SPEC, Entry, Office, Register, office

from occopus.model.infrastructure import InfraId
from occopus.model.instance import NodeId, NodeState
from occopus.model.node import Section
from occopus.plugins import ConfigManagerSpec, ErrorKind, NodeRegistration, ResourceError
from occopus.testing.config_manager_suite import Bench, ConfigManagerSuite, ServerFreeSuite
from occopus.testing.contract import checks_of, unwritten
from occopus.testing.documentation_checks import DocumentationChecks
from occopus.testing.resource_suite.failures import FailureChecks
from occopus.testing.secrecy import FailureSecrecyChecks
from occopus.testing.section_checks import EndpointChecks

SECTION = {"type": "office", "endpoint": "here"}
CLOSED = [ErrorKind.TRANSIENT, ErrorKind.THROTTLED]


def causes(kind: type[Office], register: Register) -> Mapping[ErrorKind, Callable[[], object]]:
    def closed(error: ErrorKind) -> object:
        register.closed = error
        try:
            return office(kind, register).states([NodeId("any")])
        finally:
            register.closed = None

    wrong = lambda: office(kind, register, "a-wrong-password-for-the-office").states([NodeId("any")])  # noqa: E731
    return {**{error: lambda error=error: closed(error) for error in CLOSED}, ErrorKind.CREDENTIALS: wrong}


class TestOffice(ConfigManagerSuite):
    @pytest.fixture(autouse=True)
    def importable(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """For the processes that the suite starts."""
        monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parent))

    @pytest.fixture
    def spec(self) -> ConfigManagerSpec:
        return SPEC

    @pytest.fixture
    def register(self) -> Register:
        return Register()

    @pytest.fixture
    def make_manager(self, register: Register) -> Callable[[], Office]:
        return lambda: office(Office, register)

    @pytest.fixture
    def section(self) -> dict[str, Any]:
        return dict(SECTION)

    @pytest.fixture
    def invalid_sections(self) -> Mapping[str, Mapping[str, Any]]:
        return {"a number for a colour": {**SECTION, "colour": 1}}

    @pytest.fixture
    def report(self, register: Register) -> Callable[[NodeId, Mapping[str, Any]], None]:
        return register.report

    @pytest.fixture
    def inventory(self, register: Register) -> Callable[[], Sequence[str]]:
        return register.held

    @pytest.fixture
    def provoke(self, register: Register) -> Mapping[ErrorKind, Callable[[], object]]:
        return causes(Office, register)

    @pytest.fixture
    def secrets(self) -> Sequence[str]:
        return (PASSWORD,)

    @pytest.fixture
    def heavy_modules(self) -> Sequence[str]:
        return ("requests",)

    @pytest.fixture
    def readme(self) -> str:
        return "The type `office`: `endpoint`, `colour`."


class Strict(Office):
    """Refuses what is there already, and what is not."""

    def prepare_infrastructure(self, infra_id: InfraId) -> None:
        if infra_id in self.register.infras:
            raise ResourceError(ErrorKind.INVALID, "it is there already")
        super().prepare_infrastructure(infra_id)

    def drop_infrastructure(self, infra_id: InfraId) -> None:
        if infra_id not in self.register.infras:
            raise ResourceError(ErrorKind.INVALID, "there is none")
        super().drop_infrastructure(infra_id)

    def register_node(self, node: NodeRegistration) -> None:
        if node.node_id in self.register.nodes:
            raise ResourceError(ErrorKind.INVALID, "it is there already")
        super().register_node(node)

    def drop_node(self, infra_id: InfraId, node_id: NodeId) -> None:
        if node_id not in self.register.nodes:
            raise ResourceError(ErrorKind.INVALID, "there is none")
        super().drop_node(infra_id, node_id)

    def states(self, node_ids: Sequence[NodeId]) -> Mapping[NodeId, NodeState]:
        if set(node_ids) - self.register.nodes.keys():
            raise ResourceError(ErrorKind.INVALID, "there is none")
        return super().states(node_ids)

    def attribute(self, node_id: NodeId, path: str) -> Any | None:
        if node_id not in self.register.nodes:
            raise ResourceError(ErrorKind.INVALID, "there is none")
        return super().attribute(node_id, path)


class Renewing(Office):
    """Registers anew what was registered."""

    def register_node(self, node: NodeRegistration) -> None:
        self.register.nodes[node.node_id] = Entry(node.infra_id)


class Sweeping(Office):
    """Takes everything for its own."""

    def prepare_infrastructure(self, infra_id: InfraId) -> None:
        self.register.nodes.clear()
        super().prepare_infrastructure(infra_id)

    def drop_node(self, infra_id: InfraId, node_id: NodeId) -> None:
        self.register.nodes.clear()

    def drop_infrastructure(self, infra_id: InfraId) -> None:
        self.register.infras.clear()
        self.register.nodes.clear()


class Careless(Office):
    """Takes away what belongs to others, but nothing by which that would show in their nodes."""

    def drop_infrastructure(self, infra_id: InfraId) -> None:
        self.register.infras.clear()

    def drop_node(self, infra_id: InfraId, node_id: NodeId) -> None:
        super().drop_node(infra_id, node_id)
        self.register.extras.clear()


class Untidy(Office):
    """Leaves everything behind."""

    def drop_infrastructure(self, infra_id: InfraId) -> None:
        pass

    def drop_node(self, infra_id: InfraId, node_id: NodeId) -> None:
        self.register.nodes.setdefault(node_id, Entry(infra_id))


class Forgetful(Office):
    """Keeps to itself what the server should know."""

    def register_node(self, node: NodeRegistration) -> None:
        pass


class Final(Office):
    """An infrastructure that was dropped once does not come again."""

    dropped = InfraId("")

    def drop_infrastructure(self, infra_id: InfraId) -> None:
        type(self).dropped = infra_id

    def register_node(self, node: NodeRegistration) -> None:
        if node.infra_id != self.dropped:
            super().register_node(node)


class Chatty(Office):
    """Speaks of all that there is."""

    def states(self, node_ids: Sequence[NodeId]) -> Mapping[NodeId, NodeState]:
        return super().states(list(self.register.nodes))


class Hasty(Office):
    """Everything is ready."""

    def states(self, node_ids: Sequence[NodeId]) -> Mapping[NodeId, NodeState]:
        return dict.fromkeys(super().states(node_ids), NodeState.READY)


class Never(Office):
    """Nothing is ready."""

    def states(self, node_ids: Sequence[NodeId]) -> Mapping[NodeId, NodeState]:
        return dict.fromkeys(super().states(node_ids), NodeState.PENDING)


class Alike(Office):
    """What one is, all are."""

    def states(self, node_ids: Sequence[NodeId]) -> Mapping[NodeId, NodeState]:
        found = super().states(node_ids)
        return dict.fromkeys(found, next(iter(found.values()), NodeState.PENDING))

    def attribute(self, node_id: NodeId, path: str) -> Any | None:
        return super().attribute(next(iter(self.register.nodes)), path)


class OneInfrastructure(Office):
    """Speaks of the nodes of the infrastructure that it met first."""

    def states(self, node_ids: Sequence[NodeId]) -> Mapping[NodeId, NodeState]:
        found = super().states(node_ids)
        first = next((self.register.nodes[node_id].infra_id for node_id in found), None)
        return {node_id: state for node_id, state in found.items() if self.register.nodes[node_id].infra_id == first}


class Vague(Office):
    """What is not true is not there; and a path is followed as far as it goes."""

    def attribute(self, node_id: NodeId, path: str) -> Any | None:
        found = super().attribute(node_id, path)
        return found or (super().attribute(node_id, path.rpartition(".")[0]) if "." in path else None) or None


class Stringly(Office):
    """Knows only texts."""

    def attribute(self, node_id: NodeId, path: str) -> Any | None:
        found = super().attribute(node_id, path)
        return found if found is None else str(found)


class Defaulting(Office):
    """Has something to say to everything."""

    def attribute(self, node_id: NodeId, path: str) -> Any | None:
        found = super().attribute(node_id, path)
        return "" if found is None else found


class Shared(Office):
    """Keeps in itself what it is just doing, so that threads get in each other's way."""

    meeting = threading.Barrier(6)

    def register_node(self, node: NodeRegistration) -> None:
        self.busy_with = node
        self.meeting.wait(30)
        super().register_node(self.busy_with)


class SharedByLooks(Office):
    """The same, where it looks."""

    meeting = threading.Barrier(6)

    def states(self, node_ids: Sequence[NodeId]) -> Mapping[NodeId, NodeState]:
        self.asked = node_ids
        self.meeting.wait(30)
        return super().states(self.asked)


class Racing(Office):
    """Looks first and acts then."""

    meeting = threading.Barrier(6)
    guard = threading.Lock()

    def prepare_infrastructure(self, infra_id: InfraId) -> None:
        is_there = infra_id in self.register.infras
        self.meeting.wait(30)
        with self.guard:
            if not is_there and infra_id in self.register.infras:
                raise ResourceError(ErrorKind.INVALID, "it is there already")
            super().prepare_infrastructure(infra_id)


class Talkative(Office):
    """Tells whom it asks as what."""

    def states(self, node_ids: Sequence[NodeId]) -> Mapping[NodeId, NodeState]:
        self.config.logger.debug("asking with %s", self.config.credentials)
        try:
            return super().states(node_ids)
        except ResourceError as error:
            raise ResourceError(ErrorKind.UNKNOWN, f"{error.message}: {self.config.credentials}") from error


class Crashing(Office):
    """Has errors of its own."""

    def states(self, node_ids: Sequence[NodeId]) -> Mapping[NodeId, NodeState]:
        try:
            return super().states(node_ids)
        except ResourceError as error:
            raise RuntimeError(error.message) from error


class Painting(Office):
    """Changes what it reads, and never says the same twice."""

    @classmethod
    def variables(cls, section: Section) -> Mapping[str, Any]:
        section["colour"] = "red"  # type: ignore[index]
        return {}


class Counting(Office):
    said = 0

    @classmethod
    def variables(cls, section: Section) -> Mapping[str, Any]:
        cls.said += 1
        return {"said": cls.said}


class Misnaming(Office):
    @classmethod
    def variables(cls, section: Section) -> Mapping[str, Any]:
        return {"office.colour": "red"}


SUITE = ConfigManagerSuite()


@pytest.fixture
def register() -> Register:
    return Register()


@pytest.fixture
def stage(register: Register) -> Callable[[type[Office]], dict[str, Any]]:
    """By its name, whatever a check may ask for, with a manager of this kind."""

    def made(kind: type[Office]) -> dict[str, Any]:
        bench = Bench(lambda: office(kind, register), dict(SECTION), {})
        return {
            "bench": bench,
            "report": register.report,
            "inventory": register.held,
            "provoke": causes(kind, register),
            "secrets": (PASSWORD,),
        }

    return made


REFUSED = (ResourceError, "it is there already|there is none")


def fails(words: str) -> tuple[type[BaseException], str]:
    return AssertionError, words


def named(value: object) -> str:
    return value if isinstance(value, str) else getattr(value, "__name__", "noticed")


FAULTS: list[tuple[type[Office], str, tuple[type[BaseException], str]]] = [
    (Strict, "prepare_again", REFUSED),
    (Strict, "register_again", REFUSED),
    (Strict, "unknown_node_is_absent", REFUSED),
    (Strict, "attribute_of_an_unknown_node_is_none", REFUSED),
    (Strict, "drop_node_that_is_not_known", REFUSED),
    (Strict, "drop_node_of_an_infrastructure_that_is_not_known", REFUSED),
    (Strict, "drop_node_again", REFUSED),
    (Strict, "drop_infrastructure_that_is_not_known", REFUSED),
    (Strict, "drop_infrastructure_again", REFUSED),
    (Strict, "threads_drop_one_node", REFUSED),
    (Strict, "threads_drop_one_infrastructure", REFUSED),
    (Racing, "threads_prepare_one_infrastructure", REFUSED),
    (Sweeping, "prepare_again_leaves_nodes_alone", fails("must leave the nodes that are there")),
    (Final, "prepare_after_drop", fails("may be prepared again")),
    (Forgetful, "registered_node_is_known", fails("must be known")),
    (Forgetful, "threads_register_one_node", fails("must register it")),
    (Renewing, "register_again_when_the_machine_has_reported", fails("must not undo")),
    (Alike, "instances_of_the_same_node", fails("told apart by their ids")),
    (Sweeping, "nodes_of_the_same_name_elsewhere", fails("nothing to do with each other")),
    (Chatty, "nothing_asked_nothing_told", fails("of no other")),
    (Chatty, "states_speak_of_nothing_else", fails("of no other")),
    (Hasty, "pending_until_the_machine_reports", fails("must be pending")),
    (Never, "ready_when_the_machine_has_reported", fails("must be ready")),
    (Alike, "many_nodes_at_once", fails("its own state")),
    (OneInfrastructure, "states_of_several_infrastructures", fails("serves a whole server")),
    (Defaulting, "attribute_of_an_unknown_node_is_none", fails("no attributes")),
    (Defaulting, "attribute_is_none_until_it_is_reported", fails("must be None")),
    (Stringly, "attribute_by_a_dotted_path", fails("keep their type")),
    (Vague, "attribute_by_a_dotted_path", fails("beyond a value")),
    (Alike, "attributes_of_nodes_do_not_mix", fails("its own attributes")),
    (Untidy, "drop_node_leaves_nothing", fails("must be absent")),
    (Untidy, "drop_node_that_is_configured", fails("machine has made")),
    (Untidy, "drop_node_that_is_not_known", fails("must not make anything")),
    (Sweeping, "drop_node_leaves_others_alone", fails("leave the others")),
    (Never, "drop_node_leaves_others_alone", fails("as they were")),
    (Forgetful, "register_after_a_sibling_was_dropped", fails("as good as the first")),
    (Untidy, "drop_infrastructure_leaves_nothing", fails("nothing may be left")),
    (Untidy, "drop_infrastructure_without_nodes", fails("must remove what prepare_infrastructure")),
    (Sweeping, "drop_infrastructure_leaves_others_alone", fails("leave the nodes of others alone")),
    (Careless, "drop_node_leaves_others_alone", fails("everything of the others")),
    (Careless, "drop_infrastructure_leaves_others_alone", fails("everything of others")),
    (Untidy, "threads_drop_one_node", fails("leave nothing")),
    (Untidy, "threads_drop_one_infrastructure", fails("leave nothing")),
    (Shared, "threads_register_many_nodes", fails("must register its own node")),
    (SharedByLooks, "threads_look_at_nodes", fails("its own question")),
    (Talkative, "logs_tell_no_secret", fails("however talkative")),
    (Talkative, "errors_tell_no_secret", fails("must not tell a secret")),
    (Talkative, "errors_have_their_kind", fails("must be transient")),
    (Crashing, "errors_have_their_kind", fails("RuntimeError left the plugin")),
    (Crashing, "errors_say_what_happened", fails("RuntimeError left the plugin")),
]


@pytest.mark.parametrize(("kind", "name", "expected"), FAULTS, ids=named)
def test_fault_is_noticed(
    stage: Any, kind: type[Office], name: str, expected: tuple[type[BaseException], str], caplog: pytest.LogCaptureFixture
) -> None:
    check = getattr(SUITE, f"test_{name}")
    known = {**stage(kind), "caplog": caplog}
    with pytest.raises(expected[0], match=expected[1]):
        check(**{asked: known[asked] for asked in check.__code__.co_varnames[1 : check.__code__.co_argcount]})


@pytest.mark.parametrize("value", [False, 0, ""], ids=repr)
def test_an_attribute_that_is_lost_is_noticed(stage: Any, value: Any) -> None:
    known = stage(Vague)
    with pytest.raises(AssertionError, match="only what is not there is None"):
        SUITE.test_attribute_keeps_its_value(known["bench"], known["report"], value)


@pytest.mark.parametrize("kind", [*CLOSED, ErrorKind.CREDENTIALS])
def test_an_error_of_the_wrong_kind_is_noticed(stage: Any, kind: ErrorKind) -> None:
    with pytest.raises(AssertionError, match=f"must be {kind}"):
        SUITE.test_errors_that_decide_are_told_apart(kind, stage(Talkative)["provoke"])


@pytest.fixture
def as_manager(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[type], ConfigManagerSpec]]:
    """A spec that names a class of this module."""
    module = type(sys)("faulty_office")
    monkeypatch.setitem(sys.modules, "faulty_office", module)

    def named(kind: type) -> ConfigManagerSpec:
        setattr(module, kind.__name__, kind)
        return replace(SPEC, manager=f"faulty_office:{kind.__name__}")

    return named


@pytest.mark.parametrize(
    ("kind", "words"), [(Painting, "must stay as it is"), (Counting, "must give templates the same"), (Misnaming, "by name")]
)
def test_impure_variables_are_noticed(as_manager: Any, kind: type, words: str) -> None:
    with pytest.raises(AssertionError, match=words):
        SUITE.test_variables_are_pure(as_manager(kind), dict(SECTION))


def test_a_class_that_is_no_manager_is_noticed(as_manager: Any) -> None:
    with pytest.raises(AssertionError, match="must be a ConfigManager"):
        SUITE.test_manager_can_be_loaded(as_manager(Register))


def test_what_is_loaded_too_early_is_noticed() -> None:
    with pytest.raises(AssertionError, match="must not import these"):
        SUITE.test_plugin_loads_without_its_manager(replace(SPEC, manager="occopus.plugins.loading:x"), ())
    with pytest.raises(AssertionError, match="must wait until one is made"):
        SUITE.test_class_loads_without_heavy_modules(replace(SPEC, manager="occopus.plugins.rest:RestClient"), ("requests",))


FREE = ServerFreeSuite()

FREE_FAULTS = [
    (Never, "each_node_is_ready", "must be ready"),
    (Chatty, "nothing_asked_nothing_told", "of no other"),
    (Defaulting, "there_are_no_attributes", "nobody reports"),
    (Strict, "all_can_be_called_at_any_time", "there is none"),
    (Forgetful, "threads_may_call_it", "its own answer"),
]


@pytest.mark.parametrize(("kind", "name", "words"), FREE_FAULTS)
def test_fault_of_one_without_a_server_is_noticed(stage: Any, kind: type[Office], name: str, words: str) -> None:
    with pytest.raises((AssertionError, ResourceError), match=words):
        getattr(FREE, f"test_{name}")(stage(kind)["bench"])


SHARED = {*checks_of(EndpointChecks), *checks_of(DocumentationChecks), *checks_of(FailureChecks), *checks_of(FailureSecrecyChecks)}
"""Those of all suites: `test_resource_suite` has what breaks each of them."""

BY_THEMSELVES = {
    "attribute_keeps_its_value",
    "errors_that_decide_are_told_apart",
    "variables_are_pure",
    "manager_can_be_loaded",
    "plugin_loads_without_its_manager",
    "class_loads_without_heavy_modules",
}
"""Those for which there is a test of their own here."""


@pytest.mark.parametrize(("suite", "faults"), [(ConfigManagerSuite, FAULTS), (ServerFreeSuite, FREE_FAULTS)])
def test_every_check_has_a_faulty_manager(suite: type, faults: list[tuple[Any, str, Any]]) -> None:
    broken = {f"test_{name}" for name in BY_THEMSELVES} | {f"test_{name}" for _, name, _ in faults}
    assert checks_of(suite).keys() - SHARED == (broken - SHARED) & checks_of(suite).keys()


@pytest.mark.parametrize("suite", [ConfigManagerSuite, ServerFreeSuite])
def test_every_check_says_where_it_is_written(suite: type) -> None:
    assert list(unwritten(suite)) == []
