"""A project in a cloud, looked at directly: what is really there, whoever made it and whatever Occopus thinks."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import openstack
from openstack.connection import Connection

Json = dict[str, Any]


@dataclass(frozen=True)
class Tenant:
    """A project with a user, a network and a router to the external network `pool`."""

    auth_url: str
    project_id: str
    project_name: str
    username: str
    password: str
    region: str
    image_id: str
    image: str
    network_id: str
    pool: str
    pool_id: str

    def section(self, **more: Any) -> Json:
        """A resource section as a user would write it; keys with the value None are left out."""
        section = {
            "type": "nova",
            "endpoint": self.auth_url.removesuffix("/v3"),
            "region_name": self.region,
            "project_id": self.project_id,
            "image_id": self.image_id,
            "flavor_name": "m1.tiny",
            "network_id": self.network_id,
        }
        return {key: value for key, value in (section | more).items() if value is not None}

    @property
    def auth_data(self) -> Json:
        return {"username": self.username, "password": self.password}

    @cached_property
    def connection(self) -> Connection:
        return openstack.connect(
            load_yaml_config=False,
            load_envvars=False,
            auth_type="v3password",
            auth={"auth_url": self.auth_url, "project_id": self.project_id, "user_domain_name": "Default", **self.auth_data},
            region_name=self.region,
            compute_default_microversion="2.85",
        )

    def get(self, service: str, path: str) -> Json:
        answer = getattr(self.connection, service).get(path)
        answer.raise_for_status()
        found: Json = answer.json()
        return found

    @property
    def servers(self) -> list[Json]:
        """Without those that are deleted and still listed, as Nova does for a moment."""
        found: list[Json] = self.get("compute", "/servers/detail")["servers"]
        return [server for server in found if server["status"] != "DELETED"]

    @property
    def floating_ips(self) -> list[Json]:
        found: list[Json] = self.get("network", f"/floatingips?project_id={self.project_id}")["floatingips"]
        return found

    @property
    def volumes(self) -> list[Json]:
        """Without those that are on their way out."""
        found: list[Json] = self.get("block_storage", "/volumes/detail")["volumes"]
        return [volume for volume in found if volume["status"] != "deleting"]

    def node_ids(self) -> list[str]:
        """One for each server, and one for each floating IP without one."""
        servers = [server["metadata"].get("occopus:node_id", "") for server in self.servers]
        marks = [ip["description"].partition("occopus:node_id=")[2].partition(" ")[0] for ip in self.floating_ips]
        return servers + [node_id for node_id in marks if node_id and node_id not in servers]

    def delete_server(self, id: str) -> None:
        self.connection.compute.delete(f"/servers/{id}")

    def delete_volume(self, id: str) -> None:
        self.connection.block_storage.delete(f"/volumes/{id}")

    def allocate(self) -> str:
        """A floating IP of the user's own; its address."""
        wanted = {"floating_network_id": self.pool_id, "description": "mine"}
        made = self.connection.network.post("/floatingips", json={"floatingip": wanted})
        made.raise_for_status()
        return str(made.json()["floatingip"]["floating_ip_address"])

    def release(self, address: str) -> None:
        for ip in self.floating_ips:
            if ip["floating_ip_address"] == address:
                self.connection.network.delete(f"/floatingips/{ip['id']}")
