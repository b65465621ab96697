"""Does a resource handler keep its contract? Derive a class from `ResourceHandlerSuite`, give it its fixtures, and pytest runs all checks.

    class TestMyCloud(ResourceHandlerSuite):
        @pytest.fixture
        def spec(self) -> ResourceHandlerSpec: ...                    # as the package declares it

        @pytest.fixture
        def make_handler(self) -> Callable[[], ResourceHandler]: ...  # a fresh handler each time, all onto one backend

        @pytest.fixture
        def section(self) -> dict[str, Any]: ...                      # a resource section as a user would write it

A fresh handler stands for a command that was started again after a crash: it knows nothing but what the backend and the stored handle tell.
`ResourceFixtures` lists the fixtures that may be given besides, with what each is for; `inventory` and `provoke` are worth the trouble.
Every check uses infrastructures and nodes of its own and removes them afterwards: a real backend can be checked as well as a simulated one.
"""

from occopus.testing.resource_suite.crashes import CrashChecks
from occopus.testing.resource_suite.creation import CreationChecks
from occopus.testing.resource_suite.declaration import DeclarationChecks
from occopus.testing.resource_suite.failures import FailureChecks
from occopus.testing.resource_suite.finding import FindingChecks
from occopus.testing.resource_suite.fixtures import ResourceFixtures
from occopus.testing.resource_suite.removal import RemovalChecks
from occopus.testing.resource_suite.status import StatusChecks
from occopus.testing.resource_suite.tools import Bench, Journal

__all__ = ["Bench", "Journal", "ResourceFixtures", "ResourceHandlerSuite"]


class ResourceHandlerSuite(
    ResourceFixtures,
    DeclarationChecks,
    CreationChecks,
    CrashChecks,
    StatusChecks,
    RemovalChecks,
    FindingChecks,
    FailureChecks,
):
    """All checks of a resource handler."""
