"""Pages: a backend lists so many objects in one reply, and the rest in the next."""

from __future__ import annotations

import pytest

from occopus.model.instance import Handle
from occopus.testing.contract import written_in
from occopus.testing.resource_suite.tools import Bench

HANDLER = "occopus.plugins.ResourceHandler"


class PagingChecks:
    @written_in(f"{HANDLER}.describe", "The status of each node that the backend knows")
    def test_describe_reads_all_pages(self, bench: Bench, page_size: int | None) -> None:
        handles = more_than_a_page(bench, page_size)
        statuses = bench.make_handler().describe(handles)
        missing = [handle.node_name for handle in handles if handle.node_id not in statuses]
        assert not missing, f"describe must read all pages: who is absent is taken for gone, and these are: {missing}"

    @written_in(f"{HANDLER}.describe", "look for what it made by its marks or names")
    def test_describe_without_ids_reads_all_pages(self, bench: Bench, page_size: int | None) -> None:
        handles = [Handle(handle.infra_id, handle.node_id, handle.node_name) for handle in more_than_a_page(bench, page_size)]
        statuses = bench.make_handler().describe(handles)
        missing = [handle.node_name for handle in handles if handle.node_id not in statuses]
        assert not missing, f"describe must look for marks or names on all pages; not found: {missing}"

    @written_in(f"{HANDLER}.find", "on however many pages of the backend's API they stand")
    def test_find_reads_all_pages(self, bench: Bench, page_size: int | None) -> None:
        wanted = sorted(handle.node_id for handle in more_than_a_page(bench, page_size))
        found = sorted(handle.node_id for handle in bench.make_handler().find(bench.infra_id))
        assert found == wanted, f"find must read all pages, and list each node once; {len(wanted)} were made, {len(found)} found"


def more_than_a_page(bench: Bench, page_size: int | None) -> list[Handle]:
    """So many nodes that they need more than two pages, and between them one of somebody else's."""
    if page_size is None:
        pytest.skip("needs the fixture 'page_size'")
    other, handles = bench.other_infrastructure(), []
    for number in range(2 * page_size + 1):
        handles.append(bench.created(f"node{number}"))
        if number == page_size:
            bench.created(f"node{number}", other)
    return handles
