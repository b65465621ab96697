"""What the API of FCM says when it refuses."""

from __future__ import annotations

from typing import Any

import requests

from occopus.plugins.rest import RestClient


class FcmClient(RestClient):
    """The HTTP v1 API.

    The statuses tell what its error codes mean: UNREGISTERED (404) and INVALID_ARGUMENT (400) do not pass, UNAVAILABLE (503) and INTERNAL
    (500) do; QUOTA_EXCEEDED (429) asks for patience; SENDER_ID_MISMATCH (403) and THIRD_PARTY_AUTH_ERROR (401) are about who may.
    """

    def explain(self, reply: requests.Response) -> str:
        try:
            error: Any = reply.json()["error"]
            codes = [detail["errorCode"] for detail in error.get("details", ()) if "errorCode" in detail]
            fields = [each["field"] for detail in error.get("details", ()) for each in detail.get("fieldViolations", ()) if "field" in each]
            return " ".join([str(error["message"]), *(f"[{word}]" for word in dict.fromkeys([*codes, *fields]))])
        except (ValueError, LookupError, TypeError, AttributeError):
            return ""
