"""Floating IPs: found unused or allocated, given to servers, released.

An allocated one has the marks in its description from the call that makes it, and is released by them. One that was found belongs to the
user: it is only associated, and free again when its server is gone.
"""

from __future__ import annotations

from collections.abc import Iterable

from occopus.model.instance import NodeId
from occopus.plugins import CreateRequest, ErrorKind, ResourceError
from occopus_nova.api import NETWORK, Api, Json
from occopus_nova.marks import NODE_ID, as_description, from_description
from occopus_nova.names import Names


class FloatingIps:
    def __init__(self, api: Api, names: Names) -> None:
        self._api = api
        self._names = names

    def all(self) -> list[Json]:
        """All of the project; administrators would see those of others too."""
        of_project = {"project_id": self._api.project_id()}
        return list(self._api.each(NETWORK, "/floatingips", "floatingips", "looking for floating IPs", of_project))

    def give(self, request: CreateRequest, server_id: str) -> str | None:
        """Give a server a floating IP, unless it has one; the id of the one that was allocated for it.

        Raises:
            ResourceError: none can be had, or the server's port is not ready.
        """
        known = self.all()
        for ip in known:
            if server_of(ip) == server_id:
                return ip["id"] if _is_of(ip, request.node_id) else None
        pool, port = self._names.pool(request.resource.get("floating_ip_pool")), self._port(server_id)
        unused = [ip for ip in known if not ip["port_id"] and ip["floating_network_id"] == pool["id"]]
        ours = [ip for ip in unused if _is_of(ip, request.node_id)]
        users = [ip for ip in unused if not from_description(ip)]
        for ip in [*ours, *users]:
            if self._associate(ip, port):
                return ip["id"] if ip in ours else None
        return self._allocate(request, pool, port)

    def release(self, node_id: NodeId) -> None:
        """Release what was allocated for a node."""
        for ip in self.all():
            if _is_of(ip, node_id):
                self._api.call(NETWORK, "DELETE", f"/floatingips/{ip['id']}", "releasing a floating IP", none_on=(404,))

    def _port(self, server_id: str) -> str:
        """The first port with an IPv4 address: a floating IP stands for one of those."""
        ports = self._api.each(NETWORK, "/ports", "ports", f"looking for the port of the server {server_id}", {"device_id": server_id})
        for port in ports:
            if any("." in fixed["ip_address"] for fixed in port["fixed_ips"]):
                return str(port["id"])
        raise ResourceError(ErrorKind.TRANSIENT, f"the server {server_id} has no port with an IPv4 address yet")

    def _associate(self, ip: Json, port: str) -> bool:
        """Give a port an unused floating IP; false where somebody else has taken it, or changed it, since it was listed."""
        answer = self._api.call(
            NETWORK,
            "PUT",
            f"/floatingips/{ip['id']}",
            f"associating the floating IP {ip['floating_ip_address']}",
            {"floatingip": {"port_id": port}},
            headers={"If-Match": f"revision_number={ip['revision_number']}"},
            none_on=(404, 412),
        )
        return answer is not None

    def _allocate(self, request: CreateRequest, pool: Json, port: str) -> str:
        wanted = {"floating_network_id": pool["id"], "port_id": port, "description": as_description(request.marks)}
        doing = f"allocating a floating IP from '{pool['name']}'"
        answer = self._api.call(NETWORK, "POST", "/floatingips", doing, {"floatingip": wanted})
        return str((answer or {})["floatingip"]["id"])


def server_of(ip: Json) -> str | None:
    """The id of the server that has a floating IP."""
    details = ip.get("port_details") or {}
    return details.get("device_id")


def addresses_of(ips: Iterable[Json], server_id: str) -> list[str]:
    return [ip["floating_ip_address"] for ip in ips if server_of(ip) == server_id]


def _is_of(ip: Json, node_id: NodeId) -> bool:
    return from_description(ip).get(NODE_ID) == node_id
