"""Azure's errors in the words of the contract.

The codes are those of "Troubleshoot common Azure deployment errors" and of the services' own pages on learn.microsoft.com.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from azure.core import exceptions as sdk
from azure.core.rest import HttpResponse

from occopus.plugins import ErrorKind, ResourceError

CODES = {
    ErrorKind.NO_CAPACITY: """
        SkuNotAvailable AllocationFailed ZonalAllocationFailed OverconstrainedAllocationRequest OverconstrainedZonalAllocationRequest
        SubnetIsFull
    """,
    ErrorKind.QUOTA: """
        QuotaExceeded ResourceQuotaExceeded ContainerGroupQuotaReached PublicIPCountLimitReached ResourceCountExceedsLimitDueToTemplate
        NetworkInterfaceCountLimitReached VirtualNetworkCountLimitReached ResourceGroupQuotaExceeded
    """,
    ErrorKind.THROTTLED: """
        TooManyRequests SubscriptionRequestsThrottled ResourceRequestsThrottled TenantRequestsThrottled
    """,
    ErrorKind.CREDENTIALS: """
        AuthenticationFailed InvalidAuthenticationToken InvalidAuthenticationTokenTenant InvalidAuthenticationTokenAudience
        ExpiredAuthenticationToken AuthorizationFailed LinkedAuthorizationFailed SubscriptionNotFound InvalidSubscriptionId
        ReadOnlyDisabledSubscription
    """,
    ErrorKind.TRANSIENT: """
        AnotherOperationInProgress RetryableError ReferencedResourceNotProvisioned OperationPreempted
        ContainerGroupTransitioning RegistryErrorResponse InternalServerError InternalExecutionError GatewayTimeout ServiceUnavailable
        ResourceGroupBeingDeleted NicReservedForAnotherVm NetcfgSubnetRangesOverlap ConditionNotMet PreconditionFailed
    """,
    ErrorKind.INVALID: """
        InvalidParameter BadRequest InvalidRequestContent InvalidRequestFormat InvalidResourceName LocationRequired
        LocationNotAvailableForResourceType InvalidResourceLocation InvalidResourceReference NotFound ResourceNotFound
        ParentResourceNotFound ImageNotFound PlatformImageNotFound InaccessibleImage MissingSubscriptionRegistration
        NoRegisteredProviderFound RequestDisallowedByPolicy ScopeLocked DnsRecordInUse DnsNameLabelNotAvailable PropertyChangeNotAllowed
        OperationNotAllowed MarketplacePurchaseEligibilityFailed ReservedResourceName
    """,
}
KINDS = {code.lower(): kind for kind, codes in CODES.items() for code in codes.split()}

WORDS = {
    "quota": ErrorKind.QUOTA,
    "not available in the location": ErrorKind.NO_CAPACITY,  # container instances say so under the code ServiceUnavailable
    "do not have sufficient capacity": ErrorKind.NO_CAPACITY,
}
"""Codes that stand for several things are told apart by these words of their message."""

TOLD_BY_WORDS = frozenset({"operationnotallowed", "serviceunavailable", "conflict", "badrequest", "invalidparameter", "operationfailed"})

STATUSES = {
    400: ErrorKind.INVALID,
    401: ErrorKind.CREDENTIALS,
    403: ErrorKind.CREDENTIALS,
    404: ErrorKind.INVALID,
    408: ErrorKind.TRANSIENT,
    409: ErrorKind.TRANSIENT,
    412: ErrorKind.TRANSIENT,
    429: ErrorKind.THROTTLED,
}

BUSY = frozenset({"anotheroperationinprogress", "retryableerror", "containergrouptransitioning", "operationpreempted", "conflict"})
BUSY |= {"conditionnotmet", "preconditionfailed"}
"""Something of this name is being worked on, or is there already."""

IN_USE = re.compile(r"in_?use|beingused|cannotbedeleted|referenc|attached|nicreserved", re.IGNORECASE)
"""Codes of what can't be deleted before something else is gone: InUseSubnetCannotBeDeleted, NicInUse, PublicIPAddressCannotBeDeleted."""

ENCODED = re.compile(r"[A-Za-z0-9+/=]{40,}")
"""Custom data in base64: where Azure repeats what it refuses, a secret in there would not be recognised."""


class Refused(ResourceError):
    """An answer that is an error, with its status and Azure's code."""

    def __init__(self, kind: ErrorKind, message: str, status: int, code: str, retry_after: float | None = None) -> None:
        super().__init__(kind, message, retry_after)
        self.status = status
        self.code = code

    @property
    def is_busy(self) -> bool:
        return self.code.lower() in BUSY

    @property
    def is_in_use(self) -> bool:
        return self.status in (400, 409) and bool(IN_USE.search(self.code))


@contextmanager
def translated(doing: str) -> Iterator[None]:
    """Turn what the SDK raises into a ResourceError that says what was being done."""
    try:
        yield
    except (sdk.AzureError, ValueError) as error:  # azure-identity raises a ValueError for an authority that it can't use
        raise ResourceError(_kind_of(error), f"{doing} failed: {ENCODED.sub('...', ' '.join(str(error).split()))}") from error


def refused(response: HttpResponse, doing: str) -> Refused:
    """What an answer means that is an error."""
    errors = list(_errors(response))
    code, message = errors[0] if errors else ("", f"{response.status_code} {response.reason}")
    kind = next((kind for kind in (_by_code(*error) for error in errors) if kind), None)
    words = ENCODED.sub("...", " ".join(f"{code}: {message}".split()) if code else message)
    kind = ErrorKind.THROTTLED if response.status_code == 429 and kind is not ErrorKind.TRANSIENT else kind
    return Refused(
        kind or _by_status(response.status_code), f"{doing} failed: {words}", response.status_code, code, _retry_after(response.headers)
    )


def kind_of_code(code: str, message: str = "") -> ErrorKind:
    """Of an error that an object bears, which has failed after the request was accepted."""
    return _by_code(code, message) or ErrorKind.UNKNOWN


def _by_code(code: str, message: str) -> ErrorKind | None:
    if code.lower() in TOLD_BY_WORDS:
        told = next((kind for words, kind in WORDS.items() if words in message.lower()), None)
        if told:
            return told
    return KINDS.get(code.lower())


def _by_status(status: int) -> ErrorKind:
    return ErrorKind.TRANSIENT if status >= 500 else STATUSES.get(status, ErrorKind.UNKNOWN)


def _kind_of(error: Exception) -> ErrorKind:
    if isinstance(error, sdk.ClientAuthenticationError):
        return ErrorKind.CREDENTIALS
    if isinstance(error, sdk.ServiceRequestError | sdk.ServiceResponseError | sdk.HttpResponseError):
        return ErrorKind.INVALID if "CERTIFICATE_VERIFY_FAILED" in str(error) else ErrorKind.TRANSIENT
    if isinstance(error, ValueError):
        return ErrorKind.INVALID
    return ErrorKind.UNKNOWN


def _errors(response: HttpResponse) -> Iterator[tuple[str, str]]:
    """The codes and messages of an answer: the error itself first, then its details."""
    try:
        body = json.loads(response.text())
    except ValueError:
        return
    outer = body.get("error", body) if isinstance(body, Mapping) else None
    waiting: list[Any] = [outer]
    while waiting:
        error = waiting.pop(0)
        if isinstance(error, Mapping) and error.get("code"):
            yield str(error["code"]), str(error.get("message") or "")
            waiting += error.get("details") or ()


def _retry_after(headers: Mapping[str, str]) -> float | None:
    """In seconds; the Resource Manager sends no dates."""
    asked = headers.get("Retry-After", "")
    return float(asked) if re.fullmatch(r"\d+(\.\d+)?", asked) else None
