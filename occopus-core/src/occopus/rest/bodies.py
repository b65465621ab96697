"""Reads the bodies of requests, within limits of size and time."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from falcon.asgi import Request

from occopus.rest.problems import Problem
from occopus.rest.services import RestServices

JSON_DEPTH = 100
"""How deep JSON may be nested."""


async def body_of(req: Request, services: RestServices) -> bytes:
    """The whole body.

    Raises:
        Problem: it is too large (413), or does not come (408).
    """
    most = services.settings.rest_body_limit
    if (req.content_length or 0) > most:
        raise _too_large(most)
    content = bytearray()
    try:
        async with asyncio.timeout(services.patience.body):
            async for chunk in req.stream:
                content += chunk
                if len(content) > most:
                    raise _too_large(most)
    except TimeoutError:
        raise Problem(408, f"the body did not come within {services.patience.body:g} s") from None
    return bytes(content)


def media_type_of(req: Request) -> str:
    """The media type without parameters, in small letters; empty where the request names none."""
    return (req.content_type or "").partition(";")[0].strip().lower()


def json_of(content: bytes) -> Any:
    """Raises:
    Problem: it is no JSON (400).
    """
    try:
        data = json.loads(content)
        json.dumps(data, ensure_ascii=False).encode()  # text that is half of a character can't be kept
    except (ValueError, RecursionError) as error:
        raise Problem(400, f"the body is no JSON: {error}") from None
    return data


def _too_large(most: int) -> Problem:
    return Problem(413, f"the body is larger than {most:,} bytes")
