"""How the service answers."""

from __future__ import annotations

import json
from typing import Any

from falcon.asgi import Request, Response

from occopus.rest.access import User
from occopus.rest.problems import Problem
from occopus.rest.services import RestServices


class Resource:
    """What is at a path."""

    def __init__(self, services: RestServices) -> None:
        self.services = services
        self.manager = services.manager

    def give(self, resp: Response, data: Any, *, exact: bool = False) -> None:
        """Answer with JSON; unless it is to be `exact`, without where things are on this machine. What the store and the engine say holds
        no secrets.
        """
        text = json.dumps(data)
        resp.content_type = "application/json"
        resp.text = text if exact else self.services.discretion.of_text(text)

    def accept(self, resp: Response, data: Any) -> None:
        """Answer that something will be carried out."""
        resp.status = 202
        self.give(resp, data)


def user_of(req: Request) -> User:
    """Who asks."""
    user: User = req.context.user
    return user


def flag(req: Request, name: str) -> bool:
    """Whether a query has a flag: alone, or with a value that means yes."""
    value = req.params.get(name)
    if value is None:
        return False
    if value in ("", "1", "true", "yes"):
        return True
    if value in ("0", "false", "no"):
        return False
    raise Problem(422, f"'{name}' is true or false")


def number(text: str, name: str, least: int, most: int) -> int:
    """A whole number that stands in a request.

    Raises:
        Problem: it is none, or out of its limits (422).
    """
    if text.isascii() and text.isdigit() and len(text) < 10 and least <= int(text) <= most:
        return int(text)
    raise Problem(422, f"'{name}' has to be a whole number from {least} to {most}")
