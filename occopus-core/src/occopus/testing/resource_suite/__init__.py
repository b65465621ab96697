"""Does a resource handler keep its contract? Derive a class from `ResourceHandlerSuite`, give it its fixtures, and pytest runs all checks.

    class TestMyCloud(ResourceHandlerSuite):
        @pytest.fixture
        def spec(self, occopus_registry: Registry) -> ResourceHandlerSpec:
            return occopus_registry.resource_handler("mycloud")       # as your installed package declares it

        @pytest.fixture
        def make_handler(self, cloud, section, tmp_path) -> Callable[[], ResourceHandler]:
            config = HandlerConfig(section, {"password": cloud.password}, tmp_path, logging.getLogger("mycloud"))
            return lambda: MyCloudHandler(config)                     # a fresh handler each time, all onto one backend

        @pytest.fixture
        def section(self, cloud) -> dict[str, Any]:
            return {"type": "mycloud", "endpoint": cloud.url}         # a resource section as a user would write it

A fresh handler stands for a command that was started again after a crash: it knows nothing but what the backend and the stored handle tell.
Every check uses infrastructures and nodes of its own and removes them afterwards: a real backend can be checked as well as a simulated one.
`occopus.testing.faulty` has a server to make a simulated one from.

These three suffice to begin. The others are optional; a check that can't do without says `needs the fixture '...'` and is skipped:

- `context`: what nodes are given (`UserData` or `ContainerContext`; left out: nothing).
- `invalid_sections`: by description, sections that the schema or the spec's checks must refuse.
- `inventory`: lists the node ids of what the backend really holds, so that twins and leftovers show. Without it `find` is believed.
- `provoke`: by kind, what makes a handler raise a `ResourceError` of it. The kinds decide what the engine does, and messages are for users.
- `lose_reply`: lets the reply to a request get lost after its effect. No twins, nothing hidden, nothing left behind.
- `page_size`: how many nodes stand on a page of a list, made few. All pages must be read.
- `count_calls`: how many requests the backend has answered. `describe` is a batch.
- `secrets`: the credentials. Nothing that is stored, shown, raised or logged may tell them.
- `heavy_modules`: modules such as the SDK, which must wait until a handler is needed.
- `readme`: the README, which must name the type and every key; left out: that of the installed package.
- `ready_within`, `poll_every`, `returns_within`: seconds; for a real backend more than the defaults.

`ResourceFixtures` says more of each. With a double of your cloud that derives from `occopus.testing.faulty.FaultyServer` they are short:

    @pytest.fixture
    def inventory(self, cloud): return lambda: [machine.tags["occopus:node_id"] for machine in cloud.machines]

    @pytest.fixture
    def lose_reply(self, cloud): return cloud.losing_reply

    @pytest.fixture
    def count_calls(self, cloud): return lambda: len(cloud.actions)

    @pytest.fixture
    def provoke(self, cloud, bench):
        def refused(status: int) -> object:
            cloud.fail["POST /machines"] = [Refusal(Reply(status))]
            return bench.created()                                    # `bench` makes nodes, and removes them in the end

        return {ErrorKind.THROTTLED: lambda: refused(429), ErrorKind.INVALID: lambda: bench.created(image="no-such-image")}

A check that fails says what it wanted, and ends with the words of the contract and where they stand: the docstrings of `occopus.plugins`,
which `python -m pydoc occopus.plugins.ResourceHandler` shows. A rule that can't be kept has no switch: tell us, and we talk about the rule.
"""

from occopus.testing.documentation_checks import DocumentationChecks
from occopus.testing.resource_suite.costs import CostChecks
from occopus.testing.resource_suite.crashes import CrashChecks
from occopus.testing.resource_suite.creation import CreationChecks
from occopus.testing.resource_suite.declaration import DeclarationChecks
from occopus.testing.resource_suite.failures import FailureChecks
from occopus.testing.resource_suite.faults import FaultChecks
from occopus.testing.resource_suite.finding import FindingChecks
from occopus.testing.resource_suite.fixtures import ResourceFixtures
from occopus.testing.resource_suite.paging import PagingChecks
from occopus.testing.resource_suite.removal import RemovalChecks
from occopus.testing.resource_suite.replies import LoseReply, ReplyChecks
from occopus.testing.resource_suite.secrecy import SecrecyChecks
from occopus.testing.resource_suite.status import StatusChecks
from occopus.testing.resource_suite.tools import Bench, Journal

__all__ = ["Bench", "Journal", "LoseReply", "ResourceFixtures", "ResourceHandlerSuite"]


class ResourceHandlerSuite(
    ResourceFixtures,
    DeclarationChecks,
    DocumentationChecks,
    CreationChecks,
    CrashChecks,
    ReplyChecks,
    StatusChecks,
    CostChecks,
    RemovalChecks,
    FindingChecks,
    PagingChecks,
    FailureChecks,
    FaultChecks,
    SecrecyChecks,
):
    """All checks of a resource handler."""
