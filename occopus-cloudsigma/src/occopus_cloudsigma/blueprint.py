"""The server that is asked for."""

from __future__ import annotations

import base64

from occopus.plugins import CreateRequest, UserData
from occopus_cloudsigma.api import Json

USER_DATA = "cloudinit-user-data"
"""The key of meta where cloud-init looks."""


def server(request: CreateRequest, drive_id: str) -> Json:
    """The description as given, with what makes it a node: the drive, the user data and the marks."""
    description = request.resource["description"]
    wanted = {"name": request.machine_name, "vnc_password": request.node_id, **description}
    drive = {"boot_order": 1, "dev_channel": "0:0", "device": "virtio", "drive": drive_id}
    return {**wanted, "meta": {**(description.get("meta") or {}), **_user_data(request), **request.marks}, "drives": [drive]}


def _user_data(request: CreateRequest) -> dict[str, str]:
    if not isinstance(request.context, UserData):
        return {}
    return {"base64_fields": USER_DATA, USER_DATA: base64.b64encode(request.context.text.encode()).decode()}
