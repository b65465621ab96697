"""What this package offers: the type `azure_aci` of the `resource` section."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from occopus.plugins import ResourceHandlerSpec, hookimpl, text
from occopus_azure_aci.arm.declaration import CHECKS, CREDENTIALS, ENDPOINT, PLACE
from occopus_azure_aci.checks import gpus_are_of_a_type, network_fits, ports_are_ports

CONTRACT = 1


def either_case(*words: str) -> str:
    """A pattern for words in small or capital letters."""
    return "|".join("".join(f"[{c.lower()}{c.upper()}]" for c in word) for word in words)


def number(description: str, example: float, **rules: Any) -> dict[str, Any]:
    return {"type": "number", "meta": {"description": description, "example": example}, **rules}


SCHEMA: dict[str, dict[str, Any]] = {
    **PLACE,
    "image": text("The image.", example="nginx:alpine", required=True),
    "network_type": text(
        "Public: with an address and a name in the Internet. Private: in a virtual network.",
        example="Public",
        required=True,
        regex=either_case("public", "private"),
    ),
    "memory": number("Memory in GB.", example=1, required=True, min=0.1),
    "cpu_cores": number("Cores; parts of one are possible.", example=1, required=True, min=0.01),
    "os_type": text("linux or windows.", example="linux", required=True, regex=either_case("linux", "windows")),
    "ports": {
        "type": "list",
        "schema": {"type": ["integer", "string"]},
        "meta": {"description": "The ports to open: 8080, or '53/UDP'. At least one where `network_type` is Public.", "example": [80]},
    },
    "gpu_type": text("The type of GPUs.", allowed=["K80", "P100", "V100"]),
    "gpu_count": {"type": "integer", "min": 1, "meta": {"description": "How many GPUs of `gpu_type`; 1 without it."}},
}
SCHEMA["network_type"]["meta"]["expected"] = "Public or Private"
SCHEMA["os_type"]["meta"]["expected"] = "linux or windows"


@hookimpl
def occopus_resource_handlers() -> Iterator[ResourceHandlerSpec]:
    yield ResourceHandlerSpec(
        type="azure_aci",
        handler="occopus_azure_aci.handler:AzureAciHandler",
        summary="Containers on Azure Container Instances",
        schema=SCHEMA,
        checks=(*CHECKS, network_fits, ports_are_ports, gpus_are_of_a_type),
        contexts=frozenset({"docker"}),
        credentials=CREDENTIALS,
        endpoint=ENDPOINT,
    )
