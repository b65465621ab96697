"""What the backends on Azure declare alike: keys, credentials, checks. Nothing of Azure's is loaded for it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from occopus.model.node import Section
from occopus.plugins import CredentialsSpec, Problem, http_url, text

ENDPOINT = ("endpoint", "resource_group")
"""Which keys say where requests go: handlers look at one resource group."""

PRINCIPAL = ("tenant_id", "client_id", "client_secret")


PLACE: dict[str, dict[str, Any]] = {
    "endpoint": text(
        "The URL of the Resource Manager of Azure, or of another cloud of it.", example="https://management.azure.com", required=True
    ),
    "resource_group": text(
        "The resource group; it is made where it is missing, and never deleted.",
        example="occopus",
        required=True,
        regex=r"[\w().-]{0,89}[\w()-]",
    ),
    "location": text("The location.", example="francecentral", required=True),
    "vnet_name": text("A virtual network that exists; without it each node gets one of its own."),
    "subnet_name": text("The subnet: one that exists in `vnet_name`, or else what to call the new one."),
    "name": text("A label for logs and to choose credentials."),
}
PLACE["resource_group"]["meta"]["expected"] = "the name of a resource group (letters, digits, and _ - . ( ), not ending with a dot)"


def endpoint_is_safe(section: Section) -> Iterator[Problem]:
    """Tokens are sent over https only."""
    if str(section.get("endpoint", "")).startswith("http://"):
        yield Problem(("endpoint",), "'endpoint' must begin with https://", "Azure's tokens are never sent without encryption")


CHECKS = (http_url("endpoint", "https://management.azure.com"), endpoint_is_safe)


def principal_is_whole(auth_data: Section) -> Iterator[Problem]:
    given = [key for key in PRINCIPAL if key in auth_data]
    missing = [key for key in PRINCIPAL if key not in auth_data]
    if given and missing:
        hint = "without all three, those of Azure's own tools are used: the environment, a managed identity, 'az login'"
        yield Problem((), f"the credentials lack: {', '.join(missing)}", hint)


CREDENTIALS = CredentialsSpec(
    {
        "tenant_id": text("The directory (tenant) of the service principal."),
        "client_id": text("The id of the service principal."),
        "client_secret": text("The service principal's secret.", meta={"secret": True}),
        "subscription_id": text("The subscription in which everything is made.", required=True),
    },
    checks=(principal_is_whole,),
)
