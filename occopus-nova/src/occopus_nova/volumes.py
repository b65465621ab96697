"""Volumes that outlive their servers."""

from __future__ import annotations

from occopus.plugins import CreateRequest
from occopus_nova.api import COMPUTE, VOLUME, Api, Json
from occopus_nova.wishes import volumes_to_keep


def keep(api: Api, request: CreateRequest, server: Json) -> str | None:
    """Let the volume of a server that is up stay when the server goes, and mark it; its id, where there was one to keep.

    It goes with the server until then: of a creation that fails nothing is left.
    """
    for id in volumes_to_keep(server):
        marked = {"volume": {"name": server["name"], "metadata": request.marks}}
        api.call(VOLUME, "PUT", f"/volumes/{id}", f"marking the volume {id}", marked)
        attachment = {"volumeAttachment": {"volumeId": id, "delete_on_termination": False}}
        api.call(COMPUTE, "PUT", f"/servers/{server['id']}/os-volume_attachments/{id}", f"keeping the volume {id}", attachment)
        return id
    return None
