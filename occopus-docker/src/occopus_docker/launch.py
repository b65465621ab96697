"""What a container is made from: the SDK's arguments."""

from __future__ import annotations

from typing import Any

from docker.utils.ports import build_port_bindings

from occopus.model.node import Section
from occopus.plugins import ContainerContext, CreateRequest
from occopus_docker.checks import has_tag
from occopus_docker.failures import translated


def reference(section: Section) -> str:
    """The name of the image with its tag."""
    image = str(section["image"])
    return image if has_tag(image) else f"{image}:{section.get('tag', 'latest')}"


def parameters(request: CreateRequest) -> dict[str, Any]:
    """For `create_container`; `host_config` is for `create_host_config`.

    Raises:
        ResourceError: INVALID, where the command can't be split into words.
    """
    section = request.resource
    context = request.context if isinstance(request.context, ContainerContext) else ContainerContext()
    with translated(f"reading what the container of {request.node_name} is made from"):
        published = build_port_bindings([str(port) for port in section.get("ports") or ()])
        mounted = [volume for volume in section.get("volumes") or () if ":" in volume]
        return {
            "image": reference(section),
            "command": list(context.command) if isinstance(context.command, tuple) else context.command,
            "environment": list(context.env),
            "labels": request.marks,
            "ports": [tuple(port.partition("/")[::2]) if "/" in port else (port, "tcp") for port in published],
            "volumes": [volume for volume in section.get("volumes") or () if ":" not in volume],
            "host_config": {
                "network_mode": section.get("network") or section.get("network_mode"),
                "port_bindings": published,
                "binds": mounted,
                "mem_limit": _memory(section.get("memory")),
                "nano_cpus": round(float(section["cpus"]) * 1e9) if "cpus" in section else None,
                "restart_policy": {"Name": section["restart"]} if "restart" in section else None,
            },
        }


def _memory(wanted: str | int | None) -> str | int | None:
    return int(wanted) if isinstance(wanted, str) and wanted.isdigit() else wanted
