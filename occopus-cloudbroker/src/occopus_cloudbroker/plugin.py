"""What this package offers: the type `cloudbroker` of the `resource` section."""

from __future__ import annotations

from collections.abc import Iterator

from occopus.plugins import CredentialsSpec, ResourceHandlerSpec, hookimpl, http_url, text
from occopus_cloudbroker.checks import description_becomes_xml, description_leaves_what_is_ours

CONTRACT = 1


@hookimpl
def occopus_resource_handlers() -> Iterator[ResourceHandlerSpec]:
    yield ResourceHandlerSpec(
        type="cloudbroker",
        handler="occopus_cloudbroker.handler:CloudBrokerHandler",
        summary="Instances of a CloudBroker Platform, in the clouds that it is connected to",
        schema={
            "endpoint": text("The URL of the platform.", example="https://platform.example.org", required=True),
            "description": {
                "type": "dict",
                "required": True,
                "allow_unknown": True,
                "meta": {"description": "The instance, in the words of CloudBroker's API; its keys beyond those below are passed on."},
                "schema": {
                    "deployment_id": text("The id of the deployment: an image in a region of a cloud.", required=True),
                    "instance_type_id": text("The id of the instance type.", required=True),
                    "key_pair_id": text("The id of the key pair whose owner may log in."),
                    "opened_port": {
                        "type": ["integer", "string"],
                        "meta": {"description": "The ports that can be reached from outside, separated by commas."},
                    },
                },
            },
            "start_in_vpc": {"type": ["boolean", "string"], "meta": {"description": "Whether to start in a virtual private cloud."}},
            "name": text("A label for logs and for choosing credentials."),
        },
        checks=(
            http_url("endpoint", "https://platform.example.org"),
            description_becomes_xml,
            description_leaves_what_is_ours,
        ),
        contexts=frozenset({"cloudinit"}),
        credentials=CredentialsSpec(
            {
                "email": text("The address that the account at CloudBroker is for.", required=True),
                "password": text("The account's password.", required=True, meta={"secret": True}),
            }
        ),
    )
