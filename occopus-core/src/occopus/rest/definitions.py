"""/node_definitions: the node definitions that a user's infrastructures are made from."""

from __future__ import annotations

from typing import Any

from falcon.asgi import Request, Response

from occopus.model.secret import to_plain
from occopus.rest.access import User
from occopus.rest.answers import Resource, user_of
from occopus.rest.problems import Problem
from occopus.rest.uploads import DEFINITIONS, Upload, upload_of
from occopus.schema.definitions import PREFIX


class Importing(Resource):
    """What takes definitions."""

    def take(self, user: User, upload: Upload, only: str | None = None) -> list[str]:
        """Check definitions and keep them, each in place of an earlier one of its name; their names.

        Raises:
            DescriptionError: with every fault.
            Problem: there is another than `only` (422).
        """
        workspace = self.manager.of_user(user.name)
        description = workspace.read(upload.roots, definitions_only=True, reader=upload.read, secrets=False)
        if only is not None and list(description.definitions) != [only]:
            raise Problem(422, f"the body has to hold the node definition '{only}' and no other", f"its key is '{PREFIX}{only}'")
        return workspace.import_definitions(description)


class Definitions(Importing):
    """All of a user's."""

    async def on_get(self, req: Request, resp: Response) -> None:
        found = await self.services.read(self.manager.of_user(user_of(req).name).definitions)
        self.give(resp, {"node_definitions": found})

    async def on_post(self, req: Request, resp: Response) -> None:
        upload = await upload_of(req, self.services, DEFINITIONS)
        self.give(resp, {"node_definitions": await self.services.compile(self.take, user_of(req), upload)})


class OneDefinition(Importing):
    """One of them."""

    async def on_get(self, req: Request, resp: Response, name: str) -> None:
        found = await self.services.read(self._find, user_of(req), name)
        self.give(resp, {PREFIX + name: self.manager.masker.mask_data(found)}, exact=True)

    async def on_put(self, req: Request, resp: Response, name: str) -> None:
        upload = await upload_of(req, self.services, DEFINITIONS)
        await self.services.compile(self.take, user_of(req), upload, name)
        resp.status = 204

    async def on_delete(self, req: Request, resp: Response, name: str) -> None:
        await self.services.read(self._forget, user_of(req), name)
        resp.status = 204

    def _find(self, user: User, name: str) -> Any:
        found = self.manager.of_user(user.name).definition(name)
        if found is None:
            raise Problem(404, f"there is no node definition '{name}'")
        return to_plain(list(found.implementations))

    def _forget(self, user: User, name: str) -> None:
        self._find(user, name)
        self.manager.of_user(user.name).forget_definition(name)
