"""The resource handler `hetzner`: every node is one server."""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from ipaddress import IPv6Network

from occopus import plugins
from occopus.plugins import Address, AddressKind, CreateRequest, Handle, InfraId, NodeId, NodeState, ResourceStatus
from occopus.plugins.rest import Bearer, NotFound

from occopus_hetzner.api import Api, Object
from occopus_hetzner.plugin import ENDPOINT

INFRA, NODE, NODE_NAME = "occopus.infra_id", "occopus.node_id", "occopus.node_name"  # Hetzner's labels allow no colon

STATES = {
    **dict.fromkeys(("initializing", "starting", "rebuilding", "migrating"), NodeState.PENDING),
    **dict.fromkeys(("stopping", "off"), NodeState.TEMP_FAILED),
    "running": NodeState.READY,
    "deleting": NodeState.SHUTDOWN,
}


class HetznerHandler(plugins.ResourceHandler):
    def __init__(self, config: plugins.HandlerConfig, client: Api | None = None) -> None:
        super().__init__(config, client)
        auth = Bearer(config.credentials["token"])
        self.api = client or Api(config.section.get("endpoint", ENDPOINT), auth, "occopus-hetzner")

    def create(self, request: CreateRequest, checkpoint: plugins.Checkpoint) -> Handle:
        handle, doing = request.handle, f"making a server for {request.node_name}"
        if not handle.ids:
            with plugins.one_at_a_time(request.node_id):  # and whoever else asks: Hetzner gives a name once
                server, *_ = self._servers(handle, doing) or [self._make(request, doing)]
            handle = replace(handle, ids={"server": str(server["id"])})
        checkpoint(handle)
        return handle

    def describe(self, handles: Sequence[Handle]) -> Mapping[NodeId, ResourceStatus]:
        infras, wanted = {handle.infra_id for handle in handles}, {handle.node_id for handle in handles}
        found = self.api.servers(f"{INFRA} in ({','.join(infras)})", "looking at the servers") if handles else []
        return {NodeId(server["labels"][NODE]): _status_of(server) for server in found if server["labels"].get(NODE) in wanted}

    def drop(self, handle: Handle) -> None:
        doing = f"removing the server of {handle.node_name}"
        with plugins.one_at_a_time(handle.node_id):
            for server in self._servers(handle, doing):
                if server["status"] != "deleting":
                    with suppress(NotFound):
                        self.api.json("DELETE", f"servers/{server['id']}", doing)

    def find(self, infra_id: InfraId) -> Iterable[Handle]:
        found = self.api.servers(f"{INFRA}=={infra_id},{NODE},{NODE_NAME}", "looking for servers")
        return [Handle(infra_id, NodeId(s["labels"][NODE]), s["labels"][NODE_NAME], {"server": str(s["id"])}) for s in found]

    def _servers(self, handle: Handle, doing: str) -> list[Object]:
        if not handle.ids:  # else it is asked for by its ID, for lists may be late
            return self.api.servers(f"{NODE}=={handle.node_id}", doing)
        with suppress(NotFound):
            return [self.api.json("GET", f"servers/{handle.ids['server']}", doing)["server"]]
        return []

    def _make(self, request: CreateRequest, doing: str) -> Object:
        section, context = request.resource, request.context
        wanted = {
            **{key: section[key] for key in ("server_type", "image", "location", "ssh_keys", "networks") if key in section},
            "name": request.machine_name,
            "labels": section.get("labels", {}) | {mark.replace(":", "."): value for mark, value in request.marks.items()},
            "firewalls": [{"firewall": id} for id in section.get("firewalls", ())],
            "public_net": {f"enable_{ip}": section.get(f"public_{ip}", True) for ip in ("ipv4", "ipv6")},
            **({"user_data": context.text} if isinstance(context, plugins.UserData) else {}),
        }
        return dict(self.api.json("POST", "servers", doing, json=wanted)["server"])


def _status_of(server: Object) -> ResourceStatus:
    ipv4, ipv6 = server["public_net"]["ipv4"], server["public_net"]["ipv6"]
    addresses = [Address(ipv4["ip"])] if ipv4 else []
    addresses += [Address(network["ip"], AddressKind.PRIVATE) for network in server["private_net"]]
    addresses += [Address(str(IPv6Network(ipv6["ip"])[1]))] if ipv6 else []  # Hetzner's images take the first of theirs
    state = STATES.get(server["status"], NodeState.UNKNOWN)
    if state is NodeState.READY and not addresses:
        state = NodeState.PENDING  # it has not joined its network yet
    return ResourceStatus(state, tuple(addresses), server["status"], unfinished=state is NodeState.SHUTDOWN)
