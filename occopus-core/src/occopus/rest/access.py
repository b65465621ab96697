"""Who asks: users are known by their tokens."""

from __future__ import annotations

import hmac
import logging
from collections.abc import Sequence
from dataclasses import dataclass

from falcon import HTTPUnauthorized
from falcon.asgi import Request, Response

from occopus.settings_rest import Token, hash_of

LOG = logging.getLogger("occopus.rest")

OPEN = frozenset({"/", "/healthz", "/readyz", "/openapi.json"})
"""What everybody may read; it says nothing of anybody's infrastructures."""


@dataclass(frozen=True)
class User:
    """Somebody who asks. An admin sees what belongs to others too."""

    name: str
    admin: bool


class Access:
    """Finds the user of a request. Where there are no tokens, whoever reaches the service is `user`, and an admin."""

    def __init__(self, tokens: Sequence[Token], user: str) -> None:
        self._tokens = tuple(tokens)
        self._everybody = User(user, admin=True)

    async def process_request(self, req: Request, resp: Response) -> None:
        """Put the user into the request's context.

        Raises:
            HTTPUnauthorized: no token, or one that is not known.
        """
        if req.path not in OPEN and req.method != "OPTIONS":
            req.context.user = self.user_of(req.get_header("Authorization"))

    async def process_response(self, req: Request, resp: Response, resource: object, req_succeeded: bool) -> None:
        """Note who changed what."""
        if req.method != "GET":
            user = getattr(req.context, "user", None)
            LOG.info("%s: %s %r: %s", user.name if user else "nobody", req.method, req.path, resp.status_code)

    def user_of(self, authorization: str | None) -> User:
        if not self._tokens:
            return self._everybody
        scheme, _, token = (authorization or "").partition(" ")
        if scheme.lower() != "bearer" or not token.strip():
            raise HTTPUnauthorized(description="a bearer token is needed", challenges=["Bearer"])
        presented = hash_of(token.strip())
        # Each is compared, and each in the same time, so that the time says nothing of how near a guess is.
        known = [each for each in self._tokens if hmac.compare_digest(each.sha256, presented)]
        if not known:
            raise HTTPUnauthorized(description="this token is not known", challenges=['Bearer error="invalid_token"'])
        return User(known[0].user, known[0].admin)
