"""The parameters of RunInstances."""

from __future__ import annotations

from typing import Any

from occopus.plugins import CreateRequest, UserData
from occopus_ec2 import tags

OPTIONAL = {"key_name": "KeyName", "security_group_ids": "SecurityGroupIds", "subnet_id": "SubnetId"}
"""Keys of the resource section with the parameters that they stand for."""


def parameters(request: CreateRequest) -> dict[str, Any]:
    """The same for the same request, however often it is made: EC2 refuses a token that comes back with anything else.

    The token is the node id. It stands for the implementation as well, since no id is ever used for two: whatever is made by another
    implementation, or from changed inputs, has another id. Anything more in it would let one node have two instances.
    """
    section = request.resource
    asked: dict[str, Any] = {
        "ImageId": section["image_id"],
        "InstanceType": section["instance_type"],
        "MinCount": 1,
        "MaxCount": 1,
        "ClientToken": request.node_id,
        "TagSpecifications": [{"ResourceType": kind, "Tags": _tags(request)} for kind in ("instance", "volume")],
    }
    asked |= {parameter: section[key] for key, parameter in OPTIONAL.items() if section.get(key)}
    if isinstance(request.context, UserData):
        asked["UserData"] = request.context.text  # the SDK encodes it
    return asked


def _tags(request: CreateRequest) -> list[dict[str, str]]:
    wanted = {"Name": request.machine_name, **tags.read(request.resource.get("tags")), **request.marks}
    return [{"Key": key, "Value": value} for key, value in wanted.items()]
