"""Images, flavors and external networks by name or id."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from occopus_nova.api import COMPUTE, IMAGE, NETWORK, Api, Json, segment
from occopus_nova.failures import invalid


class Names:
    """Remembers what it has found for as long as the handler lives."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._found: dict[tuple[str, str], Json] = {}

    def image(self, name: str) -> Json:
        return self._remembered("image", name, self._image)

    def flavor(self, name: str) -> Json:
        return self._remembered("flavor", name, self._flavor)

    def pool(self, name: str | None) -> Json:
        """The external network that floating IPs are from; without a name, the one that there is."""
        return self._remembered("floating IP pool", name or "", self._pool)

    def _remembered(self, kind: str, name: str, find: Callable[[str], Iterator[Json]]) -> Json:
        if (kind, name) not in self._found:
            self._found[kind, name] = _the_one(kind, name, list(find(name)))
        return self._found[kind, name]

    def _image(self, name: str) -> Iterator[Json]:
        doing = f"looking for the image '{name}'"
        by_id = self._api.call(IMAGE, "GET", f"/images/{segment(name)}", doing, none_on=(404,))
        if by_id:
            return iter([by_id])
        return self._api.each(IMAGE, "/images", "images", doing, {"name": name, "status": "active"})

    def _flavor(self, name: str) -> Iterator[Json]:
        doing = f"looking for the flavor '{name}'"
        by_id = self._api.call(COMPUTE, "GET", f"/flavors/{segment(name)}", doing, none_on=(404,))
        if by_id:
            return iter([by_id["flavor"]])
        listed = self._api.each(COMPUTE, "/flavors/detail", "flavors", doing)
        return (flavor for flavor in listed if flavor["name"] == name)

    def _pool(self, name: str) -> Iterator[Json]:
        external = self._api.each(NETWORK, "/networks", "networks", "looking for floating IP pools", {"router:external": "true"})
        return (network for network in external if not name or name in (network["id"], network["name"]))


def _the_one(kind: str, name: str, found: list[Json]) -> Json:
    if len(found) == 1:
        return found[0]
    if not found:
        raise invalid(f"there is no {kind} '{name}'" if name else f"there is no {kind}")
    several = ", ".join(f"{item['name']} ({item['id']})" for item in found)
    raise invalid(f"there are several for the {kind} '{name}': {several}; give an id" if name else f"say which {kind}: {several}")
