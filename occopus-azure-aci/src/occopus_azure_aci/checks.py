"""Rules that a schema can't express."""

from __future__ import annotations

from collections.abc import Iterator

from occopus.model.node import Section
from occopus.plugins import Problem
from occopus_azure_aci import ports


def network_fits(section: Section) -> Iterator[Problem]:
    if str(section.get("network_type", "")).lower() != "public":
        return
    if not section.get("ports"):
        yield Problem(("ports",) if "ports" in section else (), "'ports' must name at least one port where 'network_type' is Public")
    for key in ("vnet_name", "subnet_name"):
        if key in section:
            yield Problem((key,), f"'{key}' is not used where 'network_type' is Public", "say Private, or leave it out", warning=True)


def ports_are_ports(section: Section) -> Iterator[Problem]:
    seen: set[ports.Port] = set()
    for index, written in enumerate(section.get("ports") or ()):
        try:
            port = ports.read(written)
        except ValueError as error:
            yield Problem(("ports", index), str(error), "8080 or '53/UDP' for example")
            continue
        if port in seen:
            yield Problem(("ports", index), f"the port {port.number}/{port.protocol} is given twice")
        seen.add(port)


def gpus_are_of_a_type(section: Section) -> Iterator[Problem]:
    if "gpu_count" in section and "gpu_type" not in section:
        yield Problem(("gpu_count",), "'gpu_count' needs 'gpu_type'")
