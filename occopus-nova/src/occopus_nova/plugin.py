"""What this package offers: the resource type `nova`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from occopus.plugins import CredentialsSpec, ResourceHandlerSpec, hookimpl, http_url, text
from occopus_nova.checks import floating_ip_is_meant, identity_is_of_version_3, project_is_named

CONTRACT = 1

LONGEST_USER_DATA = 65535 // 4 * 3
"""Nova takes 65,535 characters of base64."""


SCHEMA: dict[str, dict[str, Any]] = {
    "endpoint": text(
        "The URL of the identity service (Keystone); /v3 is added where it names no version.",
        example="https://cloud.example.org:5000/v3",
        required=True,
    ),
    "project_id": text("The id of the project; `tenant_name` may stand for it."),
    "tenant_name": text("Deprecated: the name of the project."),
    "user_domain_name": text("The domain of the user; Default where it is left out."),
    "region_name": text("The region; needed where the cloud has several."),
    "image_id": text("Name or id of the image.", required=True),
    "flavor_name": {
        "type": ["string", "integer"],
        "required": True,
        "empty": False,
        "meta": {"description": "Name or id of the flavor; an id may be a number."},
    },
    "network_id": text("The id of the network; may be left out where the project has only one."),
    "volume_size": {
        "type": "integer",
        "min": 0,
        "meta": {"description": "Boot from a new volume of so many GiB; 0: as large as the flavor's disk. Left out: from the image."},
    },
    "volume_persist": {"type": "boolean", "meta": {"description": "Whether the volume stays when the node is dropped; false otherwise."}},
    "server_name": text("What to call the server.", maxlength=255),
    "key_name": text("The name of the key pair."),
    "security_groups": {
        "type": "list",
        "schema": {"type": "string", "empty": False},
        "meta": {"description": "Names or ids of security groups; the group `default` where it is left out."},
    },
    "floating_ip": {"nullable": True, "meta": {"description": "Where this key is present, with any value, the node gets a floating IP."}},
    "floating_ip_pool": text("Name or id of the external network that the floating IP is from; implies `floating_ip`."),
    "name": text("A label for logs and to choose credentials."),
}


@hookimpl
def occopus_resource_handlers() -> Iterator[ResourceHandlerSpec]:
    yield ResourceHandlerSpec(
        type="nova",
        handler="occopus_nova.handler:NovaHandler",
        summary="Virtual machines of an OpenStack cloud",
        schema=SCHEMA,
        checks=(
            http_url("endpoint", "https://cloud.example.org:5000/v3"),
            identity_is_of_version_3,
            project_is_named,
            floating_ip_is_meant,
        ),
        contexts=frozenset({"cloudinit"}),
        endpoint=("endpoint", "region_name", "project_id", "tenant_name", "user_domain_name"),
        credentials=CredentialsSpec(
            {
                "type": text("Whose they are: left out, a user's.", allowed=["application_credential"]),
                "username": text("The user.", example="change-me", empty=True),
                "password": text("The user's password.", example="change-me", empty=True, meta={"secret": True}),
                "id": text("The id of the application credential.", empty=True),
                "secret": text("The secret of the application credential.", empty=True, meta={"secret": True}),
            }
        ),
        user_data_limit=LONGEST_USER_DATA,
    )
