"""/openapi.json and /: what the service can do, for programs and for people."""

from __future__ import annotations

from falcon.asgi import Request, Response

from occopus.rest.answers import Resource
from occopus.rest.openapi import document
from occopus.rest.page import page


class Document(Resource):
    """The OpenAPI document."""

    async def on_get(self, req: Request, resp: Response) -> None:
        self.give(resp, document(), exact=True)


class Page(Resource):
    """The same to read."""

    async def on_get(self, req: Request, resp: Response) -> None:
        resp.content_type = "text/html; charset=utf-8"
        resp.text = page(document())
