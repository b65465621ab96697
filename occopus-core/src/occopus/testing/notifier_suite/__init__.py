"""Does a notifier keep its contract? Derive a class from `NotifierSuite`, give it its fixtures, and pytest runs all checks.

    class TestMyPager(NotifierSuite):
        @pytest.fixture
        def spec(self) -> NotifierSpec: ...                              # as the package declares it

        @pytest.fixture
        def make_notifier(self) -> Callable[..., Notifier]: ...          # a fresh notifier each time, all to one receiver; it takes
                                                                         # `may_reach` as `NotifierConfig` does

        @pytest.fixture
        def section(self) -> dict[str, Any]: ...                         # the section of a target as a user would write it

        @pytest.fixture
        def received(self) -> Callable[[], Sequence[Mapping[str, str]]]: ...   # what reached the receiver, each as `as_json` says it

A fresh notifier stands for a program that was started again after a crash. `NotifierFixtures` lists the fixtures that may be given besides,
with what each is for; `provoke`, `lose_reply` and `secrets` are worth the trouble.
"""

from occopus.testing.documentation_checks import DocumentationChecks
from occopus.testing.notifier_suite.declaration import DeclarationChecks
from occopus.testing.notifier_suite.delivery import DeliveryChecks, notification
from occopus.testing.notifier_suite.fixtures import NotifierFixtures
from occopus.testing.notifier_suite.secrecy import SecrecyChecks
from occopus.testing.resource_suite.failures import FailureChecks

__all__ = ["NotifierFixtures", "NotifierSuite", "notification"]


class NotifierSuite(NotifierFixtures, DeclarationChecks, DocumentationChecks, DeliveryChecks, FailureChecks, SecrecyChecks):
    """All checks of a notifier."""
