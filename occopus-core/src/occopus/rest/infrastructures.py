"""/infrastructures and /infrastructures/{id}: build, list, report, reconfigure, destroy."""

from __future__ import annotations

import time
import uuid
from typing import Any

from falcon.asgi import Request, Response

from occopus.as_json import plan_as_json, report_as_json
from occopus.engine.wishes import wish_change, wish_new, wish_removal
from occopus.errors import UsageError
from occopus.model.attachment import Attachment
from occopus.model.infrastructure import InfraId, Infrastructure
from occopus.model.plan import Plan
from occopus.rest.access import User
from occopus.rest.answers import Resource, flag, user_of
from occopus.rest.uploads import Upload, upload_of
from occopus.store.records import load_instances
from occopus.workspace import Description


class Described(Resource):
    """What takes descriptions."""

    async def described(self, req: Request) -> tuple[Infrastructure, Description]:
        """What was sent, checked together with the user's node definitions.

        Raises:
            DescriptionError: with every fault.
        """
        upload = await upload_of(req, self.services)
        return await self.services.compile(self._checked, user_of(req), upload)

    def _checked(self, user: User, upload: Upload) -> tuple[Infrastructure, Description]:
        description = self.manager.of_user(user.name).read(upload.roots, reader=upload.read, secrets=False)
        if description.infrastructure is None:
            raise UsageError("what was sent holds node definitions and no infrastructure", "node definitions alone go to /node_definitions")
        return description.infrastructure, description

    def accept_definitions(self, user: User, infrastructure: Infrastructure, description: Description) -> None:
        """Keep the node definitions that came along, where there are credentials for what is to be built.

        Raises:
            CredentialsError: there are none.
        """
        self.services.engine.backends().admit(infrastructure)
        if description.definitions:
            self.manager.of_user(user.name).import_definitions(description)


class Infrastructures(Described):
    """All infrastructures."""

    async def on_get(self, req: Request, resp: Response) -> None:
        found = await self.services.read(self.services.listed, user_of(req), flag(req, "all"))
        self.give(resp, {"infrastructures": found})

    async def on_post(self, req: Request, resp: Response) -> None:
        is_trial = flag(req, "dry_run")
        infrastructure, description = await self.described(req)
        if is_trial:
            plan = await self.services.compile(self.manager.plan_from_nothing, infrastructure)
            return self.give(resp, with_doubts(plan, description), exact=True)
        infra_id = await self.services.read(self._begin, user_of(req), infrastructure, description)
        self.services.keeper.hurry(infra_id)
        resp.status = 201
        resp.set_header("Location", f"/infrastructures/{infra_id}")
        return self.give(resp, {"infraid": infra_id})

    def _begin(self, user: User, infrastructure: Infrastructure, description: Description) -> InfraId:
        self.accept_definitions(user, infrastructure, description)
        attachment = Attachment(InfraId(str(uuid.uuid4())), user.name)
        wish_new(self.manager.store, attachment, infrastructure, time.time())
        return attachment.infra_id


class OneInfrastructure(Described):
    """One infrastructure."""

    async def on_get(self, req: Request, resp: Response, infra_id: str) -> None:
        self.give(resp, await self.services.read(self._report, user_of(req), infra_id))

    async def on_put(self, req: Request, resp: Response, infra_id: str) -> None:
        user, is_trial = user_of(req), flag(req, "dry_run")
        await self.services.read(self.services.record, user, infra_id)
        infrastructure, description = await self.described(req)
        if is_trial:
            plan = await self.services.look(self.manager.plan, infrastructure, infra_id)
            return self.give(resp, with_doubts(plan, description), exact=True)
        await self.services.read(self._change, user, infra_id, infrastructure, description)
        self.services.keeper.hurry(InfraId(infra_id), anew=True)
        return self.accept(resp, {"infraid": infra_id})

    async def on_delete(self, req: Request, resp: Response, infra_id: str) -> None:
        await self.services.read(self._remove, user_of(req), infra_id)
        self.services.keeper.hurry(InfraId(infra_id), anew=True)
        self.accept(resp, {"infraid": infra_id})

    def _report(self, user: User, infra_id: str) -> dict[str, Any]:
        record = self.services.record(user, infra_id)
        return report_as_json(record, [known.value for known in load_instances(self.manager.store, record.infra_id).values()])

    def _change(self, user: User, infra_id: str, wanted: Infrastructure, description: Description) -> None:
        record = self.services.record(user, infra_id)
        self.accept_definitions(user, wanted, description)
        wish_change(self.manager.store, self.services.attachment(user, record.infra_id), wanted, time.time())

    def _remove(self, user: User, infra_id: str) -> None:
        record = self.services.record(user, infra_id)
        wish_removal(self.manager.store, self.services.attachment(user, record.infra_id), time.time())


def with_doubts(plan: Plan, description: Description) -> dict[str, Any]:
    """A plan as JSON, with the warnings about the description too."""
    return plan_as_json(plan) | {"warnings": [*map(str, description.warnings), *plan.warnings]}
