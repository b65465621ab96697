"""Infrastructures that services keep, for their users."""

from __future__ import annotations

from dataclasses import dataclass

from occopus.model.infrastructure import InfraId


@dataclass(frozen=True)
class Attachment:
    """An infrastructure that every service on this store maintains, and the user whose it is."""

    infra_id: InfraId
    user: str
