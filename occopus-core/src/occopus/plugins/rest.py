"""A client for backends whose API is plain REST, for use by several threads. It needs the extra `http` of occopus-core."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any, ClassVar

import requests
from requests.auth import AuthBase

from occopus.plugins.resource import ErrorKind, ResourceError

TIMEOUTS = (10.0, 60.0)
"""Seconds to connect, and to wait for a reply."""

LONGEST = 500
"""Characters of what a server says that are told."""

STATUSES: Mapping[int, ErrorKind] = {
    401: ErrorKind.CREDENTIALS,
    402: ErrorKind.QUOTA,
    403: ErrorKind.CREDENTIALS,
    408: ErrorKind.TRANSIENT,
    429: ErrorKind.THROTTLED,
}
"""What the statuses of RFC 9110 and RFC 6585 mean where the API's own words don't tell."""

NOTHING_SAID = (ValueError, LookupError, TypeError, AttributeError)
"""What reading a body raises that has another form than the API's own: a proxy's page of HTML, for example."""

NEVER_WELL = (requests.exceptions.InvalidURL, requests.exceptions.MissingSchema, requests.exceptions.InvalidSchema)


class NotFound(ResourceError):
    """What was asked for is not there."""


class Bearer(AuthBase):
    """Shows a token (RFC 6750) with each request."""

    def __init__(self, token: str) -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self._token}"
        return request


class RestClient:
    """One endpoint with one account. A backend says in a subclass how the replies of its API tell what is wrong."""

    accept: ClassVar[str] = "application/json"

    def __init__(self, endpoint: str, auth: AuthBase, agent: str, session: requests.Session | None = None) -> None:
        """`agent` is how it introduces itself; `session` replaces those of its own."""
        self._endpoint = endpoint.rstrip("/")
        self._auth = auth
        self._headers = {"Accept": self.accept, "User-Agent": agent}
        self._given = session
        self._of_thread = threading.local()

    def call(self, method: str, path: str, doing: str, **options: Any) -> requests.Response:
        """The reply to a request; `options` are those of requests. `doing` says in errors what was tried ("making a server for web").

        Raises:
            NotFound, ResourceError: the reply is not one of success, or there is none.
        """
        with _translated(doing):
            # Followed, a redirection would turn a POST into a GET.
            reply = self._session().request(method, f"{self._endpoint}/{path}", timeout=TIMEOUTS, allow_redirects=False, **options)
        if not 200 <= reply.status_code < 300:
            raise self._refusal(reply, doing)
        return reply

    def json(self, method: str, path: str, doing: str, **options: Any) -> Any:
        """What the reply to such a request holds as JSON; None where it is empty.

        Raises:
            NotFound, ResourceError: as `call`; and transient, where it is no JSON: something on the way answered.
        """
        reply = self.call(method, path, doing, **options)
        try:
            return reply.json() if reply.content else None
        except ValueError as error:
            raise ResourceError(ErrorKind.TRANSIENT, f"{doing} failed: the reply is not of this API (no JSON)") from error

    def explain(self, reply: requests.Response) -> str:
        """What a reply without success says, for people; empty where it says nothing. For a subclass to fill in: it may read the body as
        the API's own, and where that raises ValueError, LookupError, TypeError or AttributeError, the reply says nothing.
        """
        return ""

    def kind(self, reply: requests.Response, said: str) -> ErrorKind | None:
        """What such a reply means in this API; None leaves it to its status. For a subclass to fill in; it may read the body as `explain`
        does.
        """
        return None

    def retry_after(self, reply: requests.Response) -> float | None:
        """In how many seconds such a reply asks to be asked again: `Retry-After`, where it is a number. For a subclass whose API says it
        elsewhere.
        """
        asked = reply.headers.get("Retry-After", "")
        return float(asked) if re.fullmatch(r"\d+(\.\d+)?", asked) else None

    def _refusal(self, reply: requests.Response, doing: str) -> ResourceError:
        status, said, meant = reply.status_code, "", None
        with suppress(*NOTHING_SAID):
            said = self.explain(reply)
        with suppress(*NOTHING_SAID):
            meant = self.kind(reply, said)
        if not said and 300 <= status < 400:
            said = f"the endpoint sends elsewhere, to {reply.headers.get('Location', 'nowhere')}"
        kind = meant or STATUSES.get(status) or (ErrorKind.TRANSIENT if status >= 500 else ErrorKind.INVALID)
        error = NotFound if status == requests.codes.not_found else ResourceError
        words = (said or reply.reason or "an error without a word")[:LONGEST]
        return error(kind, f"{doing} failed: {words} (HTTP status {status})", self.retry_after(reply))

    def _session(self) -> requests.Session:
        """Each thread has one of its own: they are not made for several."""
        if self._given is not None:
            return self._given
        session: requests.Session | None = getattr(self._of_thread, "session", None)
        if session is None:
            session = self._of_thread.session = requests.Session()
            session.auth = self._auth
            session.headers.update(self._headers)
        return session


@contextmanager
def _translated(doing: str) -> Iterator[None]:
    """Turn errors of the connection into a ResourceError that says what was being done."""
    try:
        yield
    except requests.exceptions.SSLError as error:
        kind = ErrorKind.INVALID if "CERTIFICATE_VERIFY_FAILED" in str(error) else ErrorKind.TRANSIENT
        raise ResourceError(kind, f"{doing} failed: {error}") from error
    except NEVER_WELL as error:
        raise ResourceError(ErrorKind.INVALID, f"{doing} failed: {error}") from error
    except (requests.RequestException, OSError) as error:
        raise ResourceError(ErrorKind.TRANSIENT, f"{doing} failed: {error}") from error
