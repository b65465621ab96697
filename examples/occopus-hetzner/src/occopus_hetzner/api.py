"""Hetzner's API: requests, pages and errors."""

from typing import Any

from occopus.plugins import ErrorKind, ResourceError
from occopus.plugins.rest import RestClient
from requests import Response

Object = dict[str, Any]

# By the API's own codes. RateLimit-Reset is not waited for: it says when *all* requests of an hour are there again.
KINDS = {
    # The handler looks before it makes a server: one that has the name all the same will be listed soon.
    **dict.fromkeys(("uniqueness_error", "conflict", "locked", "maintenance"), ErrorKind.TRANSIENT),
    **dict.fromkeys(("resource_unavailable", "placement_error", "no_subnet_available"), ErrorKind.NO_CAPACITY),
    "resource_limit_exceeded": ErrorKind.QUOTA,
    "protected": ErrorKind.INVALID,
}


class Api(RestClient):
    def servers(self, selector: str, doing: str) -> list[Object]:
        """All with these labels, of all pages. Where one goes meanwhile, others move up, and one of them may be missed."""
        for _ in range(5):
            found, totals, page = dict[int, Object](), set[int | None](), 1
            while page:
                query = {"label_selector": selector, "sort": "id", "page": page, "per_page": 50}
                answer = self.json("GET", "servers", doing, params=query)
                found |= {server["id"]: server for server in answer["servers"]}
                totals.add(answer["meta"]["pagination"]["total_entries"])
                page = answer["meta"]["pagination"]["next_page"]
            if totals <= {len(found), None}:
                return list(found.values())
        raise ResourceError(ErrorKind.TRANSIENT, f"{doing} failed: the list of servers changes while it is read")

    def explain(self, reply: Response) -> str:
        error = reply.json()["error"]
        return f"{error['message']} ({error['code']})"

    def kind(self, reply: Response, said: str) -> ErrorKind | None:
        return KINDS.get(reply.json()["error"]["code"])
