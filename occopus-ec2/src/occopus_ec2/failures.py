"""EC2's errors in the words of the contract. The codes are those of the EC2 API reference, "Error codes for the Amazon EC2 API"."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from botocore import exceptions as sdk
from botocore.parsers import ResponseParserError

from occopus.plugins import ErrorKind, ResourceError

NOT_FOUND = "InvalidInstanceID.NotFound"
TOKEN_USED = frozenset({"IdempotentParameterMismatch", "IdempotentInstanceTerminated"})
"""Something was made with the same client token before: from other parameters, or it is gone again."""

CODES = {
    ErrorKind.NO_CAPACITY: """
        InsufficientInstanceCapacity InsufficientHostCapacity InsufficientReservedInstanceCapacity InsufficientVolumeCapacity
        InsufficientFreeAddressesInSubnet InsufficientAddressCapacity ReservationCapacityExceeded UnfulfillableCapacity
    """,
    ErrorKind.QUOTA: """
        InstanceLimitExceeded VcpuLimitExceeded VolumeLimitExceeded MaxIOPSLimitExceeded NetworkInterfaceLimitExceeded
        AddressLimitExceeded PrivateIpAddressLimitExceeded ResourceLimitExceeded ResourceCountExceeded MaxSpotInstanceCountExceeded
        ReservedInstancesLimitExceeded
    """,
    ErrorKind.THROTTLED: """
        RequestLimitExceeded Throttling ThrottlingException ThrottledException RequestThrottled RequestThrottledException
        TooManyRequestsException BandwidthLimitExceeded SlowDown EC2ThrottledException
    """,
    ErrorKind.CREDENTIALS: """
        AuthFailure UnauthorizedOperation AccessDenied AccessDeniedException InvalidClientTokenId InvalidAccessKeyId SignatureDoesNotMatch
        InvalidSignature InvalidSignatureException IncompleteSignature MissingAuthenticationToken MissingAuthenticationTokenException
        ExpiredToken ExpiredTokenException InvalidToken InvalidSecurity RequestExpired UnrecognizedClientException NotAuthorized
        Blocked OptInRequired PendingVerification InvalidUserID.NotFound
    """,
    ErrorKind.TRANSIENT: """
        InternalError InternalFailure InternalServerError ServerInternal Unavailable ServiceUnavailable RequestTimeout
        RequestTimeoutException ConcurrentTagAccess IncorrectInstanceState
    """,
    ErrorKind.INVALID: """
        Unsupported UnsupportedOperation UnsupportedHostConfiguration UnknownParameter UnsupportedProtocol ValidationError NoSuchVersion
        OperationNotPermitted SecurityGroupsPerInstanceLimitExceeded SecurityGroupLimitExceeded TagLimitExceeded TagPolicyViolation
        InstanceTypeNotSupported VPCIdNotSpecified DefaultVpcDoesNotExist
    """,
}
KINDS = {code: kind for kind, codes in CODES.items() for code in codes.split()}
PREFIXES = {"Insufficient": ErrorKind.NO_CAPACITY, **dict.fromkeys(("Invalid", "Missing", "Malformed"), ErrorKind.INVALID)}
"""For codes that are not listed: how they begin."""

STATUSES = {429: ErrorKind.THROTTLED, 401: ErrorKind.CREDENTIALS, 403: ErrorKind.CREDENTIALS}
"""For replies with an unknown code, from a gateway for example: the HTTP status."""

NO_CREDENTIALS = (
    sdk.NoCredentialsError,
    sdk.PartialCredentialsError,
    sdk.CredentialRetrievalError,
    sdk.ProfileNotFound,
    sdk.SSOError,
    sdk.TokenRetrievalError,
    sdk.NoAuthTokenError,
    sdk.RefreshWithMFAUnsupportedError,
    sdk.MetadataRetrievalError,
)
PASSING = (
    sdk.HTTPClientError,  # no connection, broken off, timed out
    sdk.ConnectionError,
    ResponseParserError,
    sdk.IncompleteReadError,
)
CERTIFICATE = "CERTIFICATE_VERIFY_FAILED"
ENCODED = re.compile(r"[\s.]*Encoded authorization failure message.*", re.DOTALL)
"""What an UnauthorizedOperation ends with: a long text that tells the account's policies to whoever may decode it."""


@contextmanager
def translated(doing: str) -> Iterator[None]:
    """Turn the SDK's errors into a ResourceError that says what was being done."""
    try:
        yield
    except sdk.ClientError as error:
        message = f"{doing} failed: {_words(error)}"
        raise ResourceError(kind_of(error), message, _retry_after(error)) from error
    except (sdk.BotoCoreError, ResponseParserError, ValueError) as error:  # it raises a ValueError for an endpoint that it can't use
        raise ResourceError(_kind_of_own(error), f"{doing} failed: {error}") from error


def code_of(error: sdk.ClientError) -> str:
    """The error's code. Some clouds put the side that is to blame in front, as EC2 did long ago."""
    return str(error.response.get("Error", {}).get("Code", "")).removeprefix("Client.").removeprefix("Server.")


def kind_of(error: sdk.ClientError) -> ErrorKind:
    """By the code; where nobody knows that, by how it begins, else by the HTTP status."""
    code = code_of(error)
    if code in KINDS:
        return KINDS[code]
    begun = next((kind for prefix, kind in PREFIXES.items() if code.startswith(prefix)), None)
    if begun:
        return begun
    status = int(_metadata(error).get("HTTPStatusCode") or 0)
    return ErrorKind.TRANSIENT if status >= 500 else STATUSES.get(status, ErrorKind.UNKNOWN)


def _kind_of_own(error: Exception) -> ErrorKind:
    """Of an error that is the SDK's own, without a reply of the cloud."""
    if isinstance(error, NO_CREDENTIALS):
        return ErrorKind.CREDENTIALS
    if isinstance(error, sdk.SSLError) and CERTIFICATE in str(error):
        return ErrorKind.INVALID
    if isinstance(error, PASSING):
        return ErrorKind.TRANSIENT
    if isinstance(error, sdk.ParamValidationError | sdk.InvalidRegionError | ValueError):
        return ErrorKind.INVALID
    return ErrorKind.UNKNOWN


def _words(error: sdk.ClientError) -> str:
    code, said = code_of(error), error.response.get("Error", {})
    message = ENCODED.sub("", str(said.get("Message") or "")).strip()
    request = _metadata(error).get("RequestId")
    words = f"{code}: {message}" if message else code or "an error without a code"
    return f"{words} (request {request})" if request else words


def _retry_after(error: sdk.ClientError) -> float | None:
    """In seconds; a date, which HTTP also allows, is not worth the trouble."""
    asked = _metadata(error).get("HTTPHeaders", {}).get("retry-after", "")
    return float(asked) if re.fullmatch(r"\d+(\.\d+)?", asked) else None


def _metadata(error: sdk.ClientError) -> dict[str, Any]:
    return dict(error.response.get("ResponseMetadata", {}))
