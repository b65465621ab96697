"""What this package offers: the type `cloudsigma` of the `resource` section."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from occopus.plugins import CredentialsSpec, ResourceHandlerSpec, hookimpl, http_url, text
from occopus_cloudsigma.checks import description_leaves_the_drive_to_us, meta_is_allowed

CONTRACT = 1


def number(description: str, example: int) -> dict[str, Any]:
    return {"type": "integer", "min": 1, "required": True, "meta": {"description": description, "example": example}}


@hookimpl
def occopus_resource_handlers() -> Iterator[ResourceHandlerSpec]:
    yield ResourceHandlerSpec(
        type="cloudsigma",
        handler="occopus_cloudsigma.handler:CloudSigmaHandler",
        summary="Servers of CloudSigma",
        schema={
            "endpoint": text("The URL of a site's API.", example="https://zrh.cloudsigma.com/api/2.0", required=True),
            "libdrive_id": text("The UUID of the library drive that each node gets a clone of.", required=True),
            "description": {
                "type": "dict",
                "required": True,
                "allow_unknown": True,
                "meta": {"description": "The server, in the words of CloudSigma's API; its keys beyond those below are passed on."},
                "schema": {
                    "cpu": number("The speed of the CPU in MHz.", example=2000),
                    "mem": number("The memory in bytes.", example=2 * 1024**3),
                    "vnc_password": text("The password of the VNC console; the node's id where it is left out."),
                    "name": text("The name of the server."),
                    "meta": {"type": "dict", "meta": {"description": "The server's own metadata; keys of at most 32 characters."}},
                    "pubkeys": {"type": "list", "meta": {"description": "UUIDs of the SSH keys whose owners may log in."}},
                    "nics": {"type": "list", "meta": {"description": "Network interfaces, each with ip_v4_conf, firewall_policy or vlan."}},
                },
            },
            "name": text("A label for logs and for choosing credentials."),
        },
        checks=(http_url("endpoint", "https://zrh.cloudsigma.com/api/2.0"), description_leaves_the_drive_to_us, meta_is_allowed),
        contexts=frozenset({"cloudinit"}),
        credentials=CredentialsSpec(
            {
                "email": text("The address that the account at CloudSigma is for.", required=True),
                "password": text("The account's password.", required=True, meta={"secret": True}),
            }
        ),
    )
