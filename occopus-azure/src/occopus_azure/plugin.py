"""What this package offers: the type `azure_vm` of the `resource` section."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from occopus.plugins import ResourceHandlerSpec, hookimpl, text
from occopus_azure.checks import LONGEST_CUSTOM_DATA, custom_data_fits, interface_is_enough, somebody_can_log_in
from occopus_azure_aci.arm.declaration import CHECKS, CREDENTIALS, ENDPOINT, PLACE

CONTRACT = 1

SCHEMA: dict[str, dict[str, Any]] = {
    **PLACE,
    "vm_size": text("The size.", example="Standard_B1s", required=True),
    "publisher": text("The publisher of the image.", example="Canonical", required=True),
    "offer": text("The offer of the image.", example="ubuntu-24_04-lts", required=True),
    "sku": text("The SKU of the image.", example="server", required=True),
    "version": text("The version of the image.", example="latest", required=True),
    "username": text("The administrator that is made on the machine.", example="ubuntu", required=True, regex=r"[A-Za-z_][\w-]{0,63}"),
    "password": text("The administrator's password."),
    "ssh_key_data": text("The public SSH key of the administrator."),
    "server_name": text("The host name of the machine.", regex=r"[A-Za-z0-9]([A-Za-z0-9-]{0,62}[A-Za-z0-9])?"),
    "nic_name": text("A network interface that exists; without it each node gets one of its own."),
    "public_ip_needed": {"type": "boolean", "meta": {"description": "Whether the machine gets a public IP address; false otherwise."}},
    "customdata": text("Custom data for a machine that has no `contextualisation`."),
}
SCHEMA["username"]["meta"]["expected"] = "the name of a user (letters, digits, _ and -, beginning with a letter or _)"
SCHEMA["server_name"]["meta"]["expected"] = "a host name (letters, digits and -)"
for secret in ("password", "customdata"):
    SCHEMA[secret]["meta"]["secret"] = True


@hookimpl
def occopus_resource_handlers() -> Iterator[ResourceHandlerSpec]:
    yield ResourceHandlerSpec(
        type="azure_vm",
        handler="occopus_azure.handler:AzureVmHandler",
        summary="Virtual machines of Azure",
        schema=SCHEMA,
        checks=(*CHECKS, somebody_can_log_in, interface_is_enough, custom_data_fits),
        contexts=frozenset({"cloudinit"}),
        credentials=CREDENTIALS,
        endpoint=ENDPOINT,
        user_data_limit=LONGEST_CUSTOM_DATA,
    )
