"""Access tokens of a service account."""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from functools import partial
from typing import Any

import requests
from google.auth.exceptions import GoogleAuthError, RefreshError, TransportError
from google.auth.transport.requests import Request
from google.oauth2.service_account import Credentials
from requests.auth import AuthBase

from occopus.plugins import ErrorKind, ResourceError

SCOPE = "https://www.googleapis.com/auth/firebase.messaging"
SECONDS = 10
"""How long the token endpoint may take."""


def account_of(given: Any) -> Mapping[str, Any]:
    """The key of a service account, from its text or as it is.

    Raises:
        ResourceError: it is none.
    """
    try:
        account = json.loads(given) if isinstance(given, str) else given
    except ValueError:
        account = None
    if not isinstance(account, Mapping) or account.get("type") != "service_account":
        raise ResourceError(ErrorKind.CREDENTIALS, "'service_account' in the authentication file is not the JSON key of a service account")
    return account


class Access(AuthBase):
    """Adds an access token to requests; one is used until shortly before it expires. For several threads."""

    def __init__(self, account: Mapping[str, Any]) -> None:
        try:
            self._credentials = Credentials.from_service_account_info(dict(account), scopes=[SCOPE])  # type: ignore[no-untyped-call]
        except (ValueError, GoogleAuthError, TypeError) as error:
            raise ResourceError(ErrorKind.CREDENTIALS, f"the key of the service account can't be used ({type(error).__name__})") from None
        self._session = requests.Session()
        self._lock = threading.Lock()

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        with self._lock:
            if not self._credentials.valid:
                self._refresh()
            request.headers["Authorization"] = f"Bearer {self._credentials.token}"
        return request

    def _refresh(self) -> None:
        try:
            self._credentials.refresh(partial(Request(self._session), timeout=SECONDS))
        except RefreshError as error:
            kind = ErrorKind.TRANSIENT if error.retryable else ErrorKind.CREDENTIALS
            raise ResourceError(kind, f"the service account gets no access: {str(error.args[0])[:200] if error.args else ''}") from None
        except TransportError as error:
            raise ResourceError(ErrorKind.TRANSIENT, f"the service account gets no access: {error}") from None
