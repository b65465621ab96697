"""EC2's errors in the words of the contract, as they come over the wire."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
from botocore import exceptions as sdk
from botocore.parsers import ResponseParserError
from strict_ec2 import Error

from occopus.model.infrastructure import InfraId
from occopus.plugins import ErrorKind, ResourceError
from occopus_ec2.failures import translated

K = ErrorKind


def look(handler: Any) -> ResourceError:
    """The error that looking ends with."""
    with pytest.raises(ResourceError) as raised:
        list(handler.find(InfraId("an-infrastructure")))
    return raised.value


@pytest.mark.parametrize(
    ("code", "status", "kind"),
    [
        ("InsufficientInstanceCapacity", 500, K.NO_CAPACITY),
        ("InsufficientHostCapacity", 500, K.NO_CAPACITY),
        ("InsufficientFreeAddressesInSubnet", 400, K.NO_CAPACITY),
        ("InsufficientSomethingNewCapacity", 500, K.NO_CAPACITY),
        ("InstanceLimitExceeded", 400, K.QUOTA),
        ("VcpuLimitExceeded", 400, K.QUOTA),
        ("VolumeLimitExceeded", 400, K.QUOTA),
        ("RequestLimitExceeded", 503, K.THROTTLED),
        ("Throttling", 400, K.THROTTLED),
        ("Client.RequestLimitExceeded", 503, K.THROTTLED),
        ("SomeProxysLimit", 429, K.THROTTLED),
        ("AuthFailure", 401, K.CREDENTIALS),
        ("UnauthorizedOperation", 403, K.CREDENTIALS),
        ("InvalidClientTokenId", 403, K.CREDENTIALS),
        ("SignatureDoesNotMatch", 403, K.CREDENTIALS),
        ("MissingAuthenticationToken", 403, K.CREDENTIALS),
        ("ExpiredToken", 400, K.CREDENTIALS),
        ("RequestExpired", 400, K.CREDENTIALS),
        ("OptInRequired", 401, K.CREDENTIALS),
        ("SomeProxysRefusal", 403, K.CREDENTIALS),
        ("InvalidAMIID.NotFound", 400, K.INVALID),
        ("InvalidAMIID.Malformed", 400, K.INVALID),
        ("InvalidKeyPair.NotFound", 400, K.INVALID),
        ("InvalidGroup.NotFound", 400, K.INVALID),
        ("InvalidSubnetID.NotFound", 400, K.INVALID),
        ("InvalidParameterValue", 400, K.INVALID),
        ("MissingParameter", 400, K.INVALID),
        ("MalformedQueryString", 400, K.INVALID),
        ("Unsupported", 400, K.INVALID),
        ("OperationNotPermitted", 400, K.INVALID),
        ("InternalError", 500, K.TRANSIENT),
        ("Unavailable", 503, K.TRANSIENT),
        ("ServiceUnavailable", 503, K.TRANSIENT),
        ("Server.InternalError", 500, K.TRANSIENT),
        ("SomethingNew", 502, K.TRANSIENT),
        ("SomethingNew", 400, K.UNKNOWN),
    ],
)
def test_codes_have_their_kind(handler_for: Any, ec2: Any, code: str, status: int, kind: ErrorKind) -> None:
    ec2.fail["DescribeInstances"] = [Error(code, "so it is", status)]
    error = look(handler_for())
    assert error.kind is kind
    assert code.removeprefix("Client.").removeprefix("Server.") in error.message
    assert "so it is (request 11112222-3333-4444-5555-666677778888)" in error.message


def test_the_encoded_part_of_a_refusal_is_left_out(handler_for: Any, ec2: Any) -> None:
    message = "You are not authorized to perform this operation. Encoded authorization failure message: wR8aLongText_of-Base64"
    ec2.fail["DescribeInstances"] = [Error("UnauthorizedOperation", message, 403)]
    said = look(handler_for()).message
    assert "You are not authorized to perform this operation (request" in said
    assert "wR8a" not in said


@pytest.fixture
def answering() -> Iterator[Any]:
    """Starts a server that answers every connection with the same bytes."""
    servers = []

    def start(reply: bytes) -> str:
        server = socket.create_server(("127.0.0.1", 0))
        servers.append(server)

        def serve() -> None:
            with suppress(OSError):
                while True:
                    guest, _ = server.accept()
                    with guest:
                        guest.recv(65536)
                        guest.sendall(reply)

        threading.Thread(target=serve, daemon=True).start()
        return f"http://127.0.0.1:{server.getsockname()[1]}"

    yield start
    for server in servers:
        server.close()


@pytest.mark.parametrize(
    "reply",
    [
        b"",
        b"HTTP/1.1 502 Bad Gateway\r\nContent-Type: text/html\r\nContent-Length: 26\r\n\r\n<html><body>oops</body></a>",
        b"HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nContent-Length: 9\r\n\r\n<Describe",
        b"HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nContent-Length: 900\r\n\r\n<Describe",
    ],
    ids=["closed", "a gateway's page", "half a document", "cut off"],
)
def test_broken_replies_may_pass(handler_for: Any, answering: Any, reply: bytes) -> None:
    assert look(handler_for(endpoint=answering(reply))).kind is K.TRANSIENT


def test_nobody_answers(handler_for: Any) -> None:
    error = look(handler_for(endpoint="http://127.0.0.1:9"))
    assert error.kind is K.TRANSIENT
    assert "http://127.0.0.1:9" in error.message


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (sdk.ReadTimeoutError(endpoint_url="https://e"), K.TRANSIENT),
        (sdk.ConnectTimeoutError(endpoint_url="https://e"), K.TRANSIENT),
        (sdk.ConnectionClosedError(endpoint_url="https://e"), K.TRANSIENT),
        (sdk.ProxyConnectionError(proxy_url="http://p"), K.TRANSIENT),
        (ResponseParserError("bad"), K.TRANSIENT),
        (sdk.SSLError(endpoint_url="https://e", error="EOF occurred in violation of protocol"), K.TRANSIENT),
        (sdk.SSLError(endpoint_url="https://e", error="CERTIFICATE_VERIFY_FAILED: self-signed"), K.INVALID),
        (sdk.ParamValidationError(report="a number"), K.INVALID),
        (sdk.InvalidRegionError(region_name="x y"), K.INVALID),
        (ValueError("Invalid endpoint: e"), K.INVALID),
        (sdk.PartialCredentialsError(provider="env", cred_var="AWS_SECRET_ACCESS_KEY"), K.CREDENTIALS),
        (sdk.CredentialRetrievalError(provider="process", error_msg="no"), K.CREDENTIALS),
        (sdk.UnauthorizedSSOTokenError(), K.CREDENTIALS),
        (sdk.DataNotFoundError(data_path="ec2"), K.UNKNOWN),
    ],
)
def test_the_sdks_own_errors_have_their_kind(error: Exception, kind: ErrorKind) -> None:
    with pytest.raises(ResourceError, match="looking failed: ") as raised, translated("looking"):
        raise error
    assert raised.value.kind is kind
