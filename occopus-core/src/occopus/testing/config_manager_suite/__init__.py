"""Does a config manager keep its contract? Derive a class from `ConfigManagerSuite`, give it its fixtures, and pytest runs all checks.

    class TestMyServer(ConfigManagerSuite):
        @pytest.fixture
        def spec(self) -> ConfigManagerSpec: ...                     # as the package declares it

        @pytest.fixture
        def make_manager(self) -> Callable[[], ConfigManager]: ...   # a fresh manager each time, all onto one server

        @pytest.fixture
        def section(self) -> dict[str, Any]: ...                     # a config_management section as a user would write it

        @pytest.fixture
        def report(self) -> Callable[[NodeId, Mapping[str, Any]], None]: ...   # what a node's machine does when it is configured

A fresh manager stands for a command that was started again after a crash: it knows nothing but what the server tells. A manager without a
server derives from `ServerFreeSuite`, and needs the first three. `ManagerFixtures` lists the fixtures that may be given besides, with what
each is for; `inventory`, `provoke` and `secrets` are worth the trouble. Every check uses infrastructures and nodes of its own and removes
them afterwards: a real server can be checked as well as a simulated one.
"""

from occopus.testing.config_manager_suite.attributes import AttributeChecks
from occopus.testing.config_manager_suite.declaration import DeclarationChecks
from occopus.testing.config_manager_suite.fixtures import ManagerFixtures
from occopus.testing.config_manager_suite.preparation import PreparationChecks
from occopus.testing.config_manager_suite.registration import RegistrationChecks
from occopus.testing.config_manager_suite.removal import RemovalChecks
from occopus.testing.config_manager_suite.secrecy import SecrecyChecks
from occopus.testing.config_manager_suite.server_free import ServerFreeChecks
from occopus.testing.config_manager_suite.states import StateChecks
from occopus.testing.config_manager_suite.threads import ThreadChecks
from occopus.testing.config_manager_suite.tools import Bench
from occopus.testing.documentation_checks import DocumentationChecks
from occopus.testing.resource_suite.failures import FailureChecks

__all__ = ["Bench", "ConfigManagerSuite", "ManagerFixtures", "ServerFreeSuite"]


class ConfigManagerSuite(
    ManagerFixtures,
    DeclarationChecks,
    DocumentationChecks,
    PreparationChecks,
    RegistrationChecks,
    StateChecks,
    AttributeChecks,
    RemovalChecks,
    ThreadChecks,
    FailureChecks,
    SecrecyChecks,
):
    """All checks of a config manager that has a server."""


class ServerFreeSuite(ManagerFixtures, DeclarationChecks, DocumentationChecks, ServerFreeChecks):
    """All checks of a config manager that needs no server: whatever it does, it does through templates."""
