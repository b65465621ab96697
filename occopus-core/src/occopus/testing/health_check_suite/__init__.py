"""Does a health check keep its contract? Derive a class from `HealthCheckSuite`, give it its fixtures, and pytest runs all checks.

    class TestMyCheck(HealthCheckSuite):
        @pytest.fixture
        def spec(self) -> HealthCheckSpec: ...                       # as the package declares it

        @pytest.fixture
        def healthy(self) -> Asked: ...                              # a node that does its work, and the value of the key

        @pytest.fixture
        def sick(self) -> Mapping[str, Asked]: ...                   # by description: what does not; where nobody listens, for example

`Asked` is a `Target` and the value of the key, rendered. Real servers of the test's own are best. `HealthCheckFixtures` lists the fixtures
that may be given besides, with what each is for; `silent` is worth the trouble.
"""

from occopus.testing.health_check_suite.asking import AskingChecks
from occopus.testing.health_check_suite.declaration import DeclarationChecks
from occopus.testing.health_check_suite.fixtures import Asked, HealthCheckFixtures
from occopus.testing.health_check_suite.restraint import RestraintChecks

__all__ = ["Asked", "HealthCheckFixtures", "HealthCheckSuite"]


class HealthCheckSuite(HealthCheckFixtures, DeclarationChecks, AskingChecks, RestraintChecks):
    """All checks of a health check."""
