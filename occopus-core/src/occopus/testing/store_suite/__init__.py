"""Does a store keep its contract? Derive a class from `StoreSuite`, give it its fixtures, and pytest runs all checks.

    class TestMine(StoreSuite):
        @pytest.fixture
        def store(self) -> Iterator[Store]: ...             # a new, empty store; close it afterwards

        @pytest.fixture
        def advance(self) -> Callable[[float], None]: ...   # lets so many seconds pass on the store's clock; may sleep

A store whose records outlive it derives from `DurableStoreSuite` and gives one fixture more:

        @pytest.fixture
        def reopen(self) -> Callable[[], Store]: ...        # another store on the same records, as another process would open it
"""

from occopus.testing.store_suite.batches import BatchChecks
from occopus.testing.store_suite.durability import DurabilityChecks
from occopus.testing.store_suite.leases import LeaseChecks
from occopus.testing.store_suite.records import RecordChecks
from occopus.testing.store_suite.sequences import SequenceChecks
from occopus.testing.store_suite.threads import ThreadChecks

__all__ = ["DurableStoreSuite", "StoreSuite"]


class StoreSuite(RecordChecks, BatchChecks, SequenceChecks, LeaseChecks, ThreadChecks):
    """All checks of any store."""


class DurableStoreSuite(StoreSuite, DurabilityChecks):
    """All checks of a store whose records outlive it."""
