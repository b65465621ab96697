"""The addresses of machines: those of their network interfaces, a public one before the private one."""

from __future__ import annotations

from collections.abc import Iterator

from occopus.model.instance import Address, AddressKind
from occopus_azure_aci.arm.client import Json
from occopus_azure_aci.arm.group import Group
from occopus_azure_aci.arm.kinds import ADDRESS, INTERFACE


class Addresses:
    """As they are in a resource group at one moment."""

    def __init__(self, group: Group) -> None:
        self._interfaces = {thing["id"].lower(): thing for thing in group.each(INTERFACE)}
        self._public = {thing["id"].lower(): thing["properties"].get("ipAddress") for thing in group.each(ADDRESS)}

    def of(self, machine: Json) -> list[Address]:
        found = list(self._found(machine))
        return sorted(found, key=lambda address: address.kind is AddressKind.PRIVATE)

    def _found(self, machine: Json) -> Iterator[Address]:
        for reference in machine["properties"].get("networkProfile", {}).get("networkInterfaces", ()):
            interface = self._interfaces.get(reference["id"].lower(), {"properties": {}})
            for configuration in interface["properties"].get("ipConfigurations", ()):
                properties = configuration["properties"]
                public = self._public.get((properties.get("publicIPAddress") or {}).get("id", "").lower())
                if public:
                    yield Address(public, AddressKind.PUBLIC)
                if properties.get("privateIPAddress"):
                    yield Address(properties["privateIPAddress"], AddressKind.PRIVATE)
