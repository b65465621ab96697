"""Stand-ins for the backends that the tutorials are written for: what they accept is real, what they do is not there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from occopus.model.infrastructure import InfraId
from occopus.model.instance import NodeId, NodeState
from occopus.model.node import Section
from occopus.plugins import ConfigManager, ConfigManagerSpec, NodeRegistration, Problem, ResourceHandlerSpec, hookimpl

NOWHERE = "tests.none:Handler"
"""A handler that is never loaded."""

TEXT = {"type": "string", "empty": False}
NEEDED = TEXT | {"required": True}
NUMBER = {"type": "number", "min": 0}
FLAG = {"type": "boolean"}
TEXTS = {"type": "list", "schema": TEXT}
CLOUDINIT = frozenset({"cloudinit"})
CONTAINER = frozenset({"docker"})


def keys(needed: str, more: Mapping[str, Any]) -> dict[str, Any]:
    return dict.fromkeys(needed.split(), NEEDED) | {"name": TEXT} | dict(more)


def described(needed: str, more: Mapping[str, Any]) -> dict[str, Any]:
    given: dict[str, Any] = {key: {"required": True} for key in needed.split()}
    return {"type": "dict", "required": True, "allow_unknown": True, "schema": given | dict(more)}


def one_login(section: Section) -> Iterator[Problem]:
    if ("password" in section) == ("ssh_key_data" in section):
        yield Problem((), "give one of password and ssh_key_data")


def ports_where_public(section: Section) -> Iterator[Problem]:
    if section["network_type"].lower() == "public" and not section.get("ports"):
        yield Problem((), "a public container needs a port")


@hookimpl
def occopus_resource_handlers() -> Iterator[ResourceHandlerSpec]:
    more: dict[str, Any] = {
        "key_name": TEXT,
        "security_group_ids": TEXTS,
        "subnet_id": TEXT,
        "tags": {"type": ["dict", "list"]},
    }
    needed = "endpoint regionname image_id instance_type"
    yield ResourceHandlerSpec("ec2", NOWHERE, keys(needed, more), CLOUDINIT, user_data_limit=16384)
    more = {
        **dict.fromkeys(("region_name", "user_domain_name", "network_id", "server_name", "key_name"), TEXT),
        "volume_size": {"type": "integer", "min": 0},
        "volume_persist": FLAG,
        "security_groups": TEXTS,
        "floating_ip": {"type": ["string", "boolean"]},
        "floating_ip_pool": TEXT,
        "tenant_name": TEXT,
    }
    yield ResourceHandlerSpec("nova", NOWHERE, keys("endpoint image_id flavor_name project_id", more), CLOUDINIT)
    more = {
        **dict.fromkeys(("password", "ssh_key_data", "server_name", "vnet_name", "nic_name", "subnet_name", "customdata"), TEXT),
        "public_ip_needed": FLAG,
    }
    needed = "endpoint resource_group location vm_size publisher offer sku version username"
    yield ResourceHandlerSpec("azure_vm", NOWHERE, keys(needed, more), CLOUDINIT, checks=(one_login,))
    more = {
        "network_type": {"type": "string", "required": True, "allowed": ["Public", "Private", "public", "private"]},
        "memory": NUMBER | {"required": True},
        "cpu_cores": NUMBER | {"required": True},
        "os_type": {"type": "string", "required": True, "allowed": ["linux", "windows"]},
        "ports": {"type": "list", "schema": {"type": ["integer", "string"]}},
        "gpu_type": {"type": "string", "allowed": ["K80", "P100", "V100"]},
        "gpu_count": NUMBER,
        "vnet_name": TEXT,
        "subnet_name": TEXT,
    }
    needed = "endpoint resource_group location image"
    yield ResourceHandlerSpec("azure_aci", NOWHERE, keys(needed, more), CONTAINER, checks=(ports_where_public,))
    more = {"description": described("deployment_id instance_type_id", {}), "start_in_vpc": FLAG}
    yield ResourceHandlerSpec("cloudbroker", NOWHERE, keys("endpoint", more), CLOUDINIT)
    more = {"origin": TEXT, "tag": TEXT, "network_mode": TEXT}
    yield ResourceHandlerSpec("docker", NOWHERE, keys("endpoint image", more), CONTAINER)
    more = {"description": described("cpu mem", {"vnc_password": TEXT})}
    yield ResourceHandlerSpec("cloudsigma", NOWHERE, keys("endpoint libdrive_id", more), CLOUDINIT)


@hookimpl
def occopus_config_managers() -> Iterator[ConfigManagerSpec]:
    yield ConfigManagerSpec("chef", "occopus_standins:Chef", {"endpoint": NEEDED, "run_list": TEXTS | {"required": True}, "name": TEXT})
    puppet = {"manifests": TEXTS | {"required": True}, "modules": TEXTS, "attributes": {"type": "list", "schema": {"type": "dict"}}}
    yield ConfigManagerSpec("puppet_solo", "occopus_standins:Puppet", puppet, endpoint=())


class Chef(ConfigManager):
    """Looks after nothing, as there is nothing to look after."""

    def prepare_infrastructure(self, infra_id: InfraId) -> None:
        pass

    def drop_infrastructure(self, infra_id: InfraId) -> None:
        pass

    def register_node(self, node: NodeRegistration) -> None:
        pass

    def drop_node(self, infra_id: InfraId, node_id: NodeId) -> None:
        pass

    def states(self, node_ids: Sequence[NodeId]) -> Mapping[NodeId, NodeState]:
        return {}

    def attribute(self, node_id: NodeId, path: str) -> Any | None:
        return None


class Puppet(Chef):
    """What templates use of a server-free Puppet."""

    @classmethod
    def variables(cls, section: Section) -> Mapping[str, Any]:
        return {
            "puppet": {
                "manifests": " ".join(section["manifests"]),
                "modules": " ".join(section.get("modules") or ()),
                "attributes": " ".join(str(pair) for pair in section.get("attributes") or ()),
            }
        }
