"""What this package offers: the type `ec2` of the `resource` section."""

from collections.abc import Iterator

from occopus.plugins import CredentialsSpec, ResourceHandlerSpec, hookimpl, http_url, text
from occopus_ec2 import limits
from occopus_ec2.checks import tags_are_a_mapping, tags_are_allowed

CONTRACT = 1

REGION = r"(?![0-9]+$)(?!-)[A-Za-z0-9-]{1,63}(?<!-)"


@hookimpl
def occopus_resource_handlers() -> Iterator[ResourceHandlerSpec]:
    yield ResourceHandlerSpec(
        type="ec2",
        handler="occopus_ec2.handler:Ec2Handler",
        summary="Instances of Amazon EC2, and of clouds with the same interface",
        schema={
            "endpoint": text("The URL of the EC2 interface.", example="https://ec2.eu-west-1.amazonaws.com", required=True),
            "regionname": {
                "type": "string",
                "required": True,
                "regex": REGION,
                "meta": {
                    "description": "The region; requests are signed for it.",
                    "example": "eu-west-1",
                    "expected": "the name of a region (letters, digits and -)",
                },
            },
            "image_id": text("The image (AMI) to start from.", required=True),
            "instance_type": text("The instance type.", example="t3.micro", required=True),
            "key_name": text("The key pair whose owner may log in."),
            "security_group_ids": {
                "type": "list",
                "schema": text("The id of a security group."),
                "meta": {"description": "The security groups; the subnet's default group without it."},
            },
            "subnet_id": text("The subnet; one of the default VPC without it."),
            "tags": {
                "type": ["dict", "list"],
                "meta": {"description": "Tags of the instance and its volumes: a mapping, or a list of pairs or one-pair mappings."},
            },
            "name": text("A label for logs and for choosing credentials."),
        },
        checks=(http_url("endpoint", "https://ec2.eu-west-1.amazonaws.com"), tags_are_allowed, tags_are_a_mapping),
        contexts=frozenset({"cloudinit"}),
        credentials=CredentialsSpec(
            {
                "accesskey": text("The id of the access key.", required=True),
                "secretkey": text("The secret of the access key.", required=True, meta={"secret": True}),
            },
            required=False,
        ),
        endpoint=("endpoint", "regionname"),
        user_data_limit=limits.USER_DATA,
        appears_within=limits.APPEARS_WITHIN,
    )
