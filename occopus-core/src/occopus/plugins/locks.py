"""One call at a time for each node: two at once would both look, find nothing, and make one each."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock
from weakref import WeakValueDictionary

from occopus.model.instance import NodeId

_guard = Lock()
_locks: WeakValueDictionary[NodeId, Lock] = WeakValueDictionary()


@contextmanager
def one_at_a_time(node_id: NodeId) -> Iterator[None]:
    """For backends whose cloud does not recognise a repeated request.

    Within this process; between processes the lease on the infrastructure does the same.
    """
    with _guard:
        lock = _locks.setdefault(node_id, Lock())
    with lock:
        yield
