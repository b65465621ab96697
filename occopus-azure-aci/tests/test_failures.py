"""Azure's errors in the words of the contract, as they come over the wire."""

from __future__ import annotations

from typing import Any

import pytest
from arm_rules import CONTAINERS, Refusal
from azure_fixtures import KEYS, create
from fake_arm import FakeArm

from occopus.plugins import ErrorKind, ResourceError

K = ErrorKind
FULL = "The requested resource is not available in the location 'francecentral' at this moment. Please retry with a different resource."
QUOTA = "Operation could not be completed as it results in exceeding approved standardBSFamily Cores quota."


def failure(handler_for: Any, request_for: Any, arm: FakeArm, refusal: Refusal) -> ResourceError:
    arm.fail[f"PUT {CONTAINERS}"] = [refusal]
    with pytest.raises(ResourceError) as raised:
        create(handler_for(), request_for())
    return raised.value


@pytest.mark.parametrize(
    ("code", "status", "message", "kind"),
    [
        ("SkuNotAvailable", 409, "", K.NO_CAPACITY),
        ("AllocationFailed", 409, "", K.NO_CAPACITY),
        ("ZonalAllocationFailed", 409, "", K.NO_CAPACITY),
        ("OverconstrainedAllocationRequest", 409, "", K.NO_CAPACITY),
        ("ServiceUnavailable", 409, FULL, K.NO_CAPACITY),
        ("ServiceUnavailable", 503, "", K.TRANSIENT),
        ("QuotaExceeded", 409, "", K.QUOTA),
        ("ResourceQuotaExceeded", 409, "", K.QUOTA),
        ("ContainerGroupQuotaReached", 400, "", K.QUOTA),
        ("OperationNotAllowed", 409, QUOTA, K.QUOTA),
        ("OperationNotAllowed", 409, "It is deallocated.", K.INVALID),
        ("TooManyRequests", 429, "", K.THROTTLED),
        ("SubscriptionRequestsThrottled", 429, "", K.THROTTLED),
        ("SomeGatewaysLimit", 429, "", K.THROTTLED),
        ("RetryableError", 429, "", K.TRANSIENT),
        ("AuthenticationFailed", 401, "", K.CREDENTIALS),
        ("InvalidAuthenticationToken", 401, "", K.CREDENTIALS),
        ("AuthorizationFailed", 403, "", K.CREDENTIALS),
        ("SubscriptionNotFound", 404, "", K.CREDENTIALS),
        ("SomethingNewAboutRights", 403, "", K.CREDENTIALS),
        ("AnotherOperationInProgress", 409, "", K.TRANSIENT),
        ("ReferencedResourceNotProvisioned", 409, "", K.TRANSIENT),
        ("RegistryErrorResponse", 409, "", K.TRANSIENT),
        ("InternalServerError", 500, "", K.TRANSIENT),
        ("SomethingNewInside", 502, "", K.TRANSIENT),
        ("InvalidParameter", 400, "", K.INVALID),
        ("InaccessibleImage", 400, "", K.INVALID),
        ("RequestDisallowedByPolicy", 403, "", K.INVALID),
        ("MissingSubscriptionRegistration", 409, "", K.INVALID),
        ("LocationNotAvailableForResourceType", 400, "", K.INVALID),
        ("SomethingNewThatIsWrong", 400, "", K.INVALID),
        ("SomethingNewThatClashes", 409, "", K.TRANSIENT),
        ("SomethingNew", 418, "", K.UNKNOWN),
    ],
)
def test_each_code_has_its_kind(
    handler_for: Any, request_for: Any, arm: FakeArm, code: str, status: int, message: str, kind: ErrorKind
) -> None:
    error = failure(handler_for, request_for, arm, Refusal(status, code, message))
    assert (error.kind, error.retry_after) == (kind, None)
    assert "making the container group 'occopus-test-" in error.message
    assert code in error.message


def test_details_tell_more_than_the_error_itself(handler_for: Any, request_for: Any, arm: FakeArm) -> None:
    details = ({"code": "SomethingOuter", "details": [{"code": "AllocationFailed", "message": "No room."}]},)
    assert failure(handler_for, request_for, arm, Refusal(409, "DeploymentFailed", "See the details.", details)).kind is K.NO_CAPACITY


def test_what_azure_repeats_in_base64_is_not_shown(handler_for: Any, request_for: Any, arm: FakeArm) -> None:
    secret = "c2VjcmV0" * 8
    assert secret not in failure(handler_for, request_for, arm, Refusal(400, "InvalidParameter", f"No data: {secret}")).message


def test_a_secret_that_is_not_accepted(handler_for: Any, request_for: Any, arm: FakeArm) -> None:
    with pytest.raises(ResourceError, match="AADSTS7000215") as raised:
        create(handler_for(credentials={**KEYS, "client_secret": "a-wrong-one"}), request_for())
    assert raised.value.kind is K.CREDENTIALS
    assert "a-wrong-one" not in raised.value.message


def test_a_subscription_that_is_not_there(handler_for: Any, request_for: Any, arm: FakeArm) -> None:
    with pytest.raises(ResourceError, match="SubscriptionNotFound") as raised:
        create(handler_for(credentials={**KEYS, "subscription_id": "../x"}), request_for())
    assert raised.value.kind is K.CREDENTIALS


def test_a_certificate_that_nobody_trusts(handler_for: Any, request_for: Any, arm: FakeArm, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("REQUESTS_CA_BUNDLE")
    with pytest.raises(ResourceError, match="CERTIFICATE_VERIFY_FAILED") as raised:
        create(handler_for(), request_for())
    assert raised.value.kind is K.INVALID


def test_nobody_is_there(handler_for: Any, request_for: Any, arm: FakeArm) -> None:
    with pytest.raises(ResourceError, match="refused") as raised:
        create(handler_for(endpoint="https://127.0.0.1:9"), request_for())
    assert raised.value.kind is K.TRANSIENT


def test_an_endpoint_that_is_not_azure(handler_for: Any, request_for: Any, arm: FakeArm) -> None:
    with pytest.raises(ResourceError) as raised:
        create(handler_for(endpoint=f"{arm.url}/somewhere"), request_for())
    assert raised.value.kind is K.CREDENTIALS
