"""What Nova is asked for: the attributes of a server, from the resource section."""

from __future__ import annotations

import base64
import math

from occopus.plugins import CreateRequest, UserData
from occopus_nova.api import Json
from occopus_nova.marks import infra_tag, node_tag
from occopus_nova.names import Names
from occopus_nova.wishes import wishes

GIB = 2**30


class Blueprints:
    """Draws servers."""

    def __init__(self, names: Names) -> None:
        self._names = names

    def of(self, request: CreateRequest) -> Json:
        """
        Raises:
            ResourceError: the image or the flavor is not known, for example.
        """
        section = request.resource
        image, flavor = self._names.image(section["image_id"]), self._names.flavor(str(section["flavor_name"]))
        attributes: Json = {
            "name": section.get("server_name") or request.machine_name,
            "flavorRef": flavor["id"],
            "networks": [{"uuid": section["network_id"]}] if "network_id" in section else "auto",
            "metadata": request.marks | wishes(section),
            "tags": [infra_tag(request.infra_id), node_tag(request.node_id)],
        }
        if "volume_size" in section:
            attributes["block_device_mapping_v2"] = [_volume(image, section["volume_size"] or _size(image, flavor))]
        else:
            attributes["imageRef"] = image["id"]
        if "key_name" in section:
            attributes["key_name"] = section["key_name"]
        if section.get("security_groups"):
            attributes["security_groups"] = [{"name": group} for group in section["security_groups"]]
        if isinstance(request.context, UserData):
            attributes["user_data"] = base64.b64encode(request.context.text.encode()).decode()
        return attributes


def _volume(image: Json, size: int) -> Json:
    """Nova itself makes the volume with the server and deletes it with the server, so it can't be left behind."""
    return {
        "boot_index": 0,
        "source_type": "image",
        "destination_type": "volume",
        "uuid": image["id"],
        "volume_size": size,
        "delete_on_termination": True,
    }


def _size(image: Json, flavor: Json) -> int:
    """In GiB. Nova wants a number: the disk that the flavor would have, if the image fits."""
    content = math.ceil((image.get("virtual_size") or image.get("size") or 0) / GIB)
    return max(int(flavor["disk"]), image.get("min_disk") or 0, content, 1)
