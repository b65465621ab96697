"""What a resource section of type `local` may hold."""

from __future__ import annotations

from occopus.plugins.schema import Schema

RESOURCE: Schema = {
    "type": {"type": "string", "required": True, "allowed": ["local"], "meta": {"description": "`local`: processes on this machine"}},
    "name": {"type": "string", "empty": False, "meta": {"description": "a label that logs and messages use"}},
}
