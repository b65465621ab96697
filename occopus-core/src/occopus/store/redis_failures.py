"""What goes wrong with a Redis: whether it may pass by itself, and how it is said. No message has a user or a password in it."""

from __future__ import annotations

import re
import ssl

from redis import exceptions

from occopus.errors import StoreError
from occopus.store.redis_address import RedisAddress

# What a server answers while it starts, fails over, or is busy with something long. The library makes a class of some codes and leaves
# others, more or fewer of them from version to version; in an answer from inside a script a code may stand anywhere.
_PASSING = re.compile(r"\b(LOADING|BUSY|NOREPLICAS|READONLY|ReadOnlyError|MASTERDOWN|MasterDownError)\b")

_REFUSALS: tuple[tuple[str, str, str], ...] = (
    (r"Authentication required|\bNOAUTH\b", "asks for a password", "write it into the address: redis://:password@host:6379/0"),
    (r"without any password", "knows of no password", "take the password out of the address, or set one in the Redis"),
    (r"AuthenticationError|\bWRONGPASS\b", "refuses the user or the password", "check both in the address of the store"),
    (
        r"NoPermissionError|\bNOPERM\b|user executing the script",
        "does not permit its user all commands that are needed",
        "docs/redis.md lists them",
    ),
    (
        r"OutOfMemoryError|\bOOM\b",
        "has no memory left, nothing was written",
        "raise 'maxmemory' in the Redis or remove something from it, then run the command again",
    ),
    (
        r"\bMISCONF\b",
        "can't save to its disk and takes no changes, nothing was written",
        "free space on the disk of the Redis, then run the command again",
    ),
    (r"DB index|Invalid Database", "is not there: the Redis has no database of this number", "choose a lower number, or raise 'databases'"),
    (r"InvalidResponse", "is no Redis", "check host and port in the address of the store"),
)


def may_pass(error: BaseException) -> bool:
    """Whether the same command may succeed when it is given again a little later."""
    if isinstance(error, exceptions.AuthenticationError) or _tls_failure(error):
        return False
    if isinstance(error, (exceptions.ConnectionError, exceptions.TimeoutError, OSError)):
        return True
    return isinstance(error, exceptions.ResponseError) and _PASSING.search(_described(error)) is not None


def refusal(error: Exception, address: RedisAddress) -> StoreError:
    """A failure that does not pass."""
    tls = _tls_failure(error)
    if tls:
        reason = getattr(tls, "verify_message", "") or tls.strerror or type(tls).__name__
        return StoreError(f"the store {address.name} can't be reached by TLS: {reason}", "check the certificates, and that it speaks TLS")
    text = _described(error)
    for pattern, what, hint in _REFUSALS:
        if re.search(pattern, text):
            return StoreError(f"the store {address.name} {what}", hint)
    return StoreError(f"the store {address.name} failed ({reason_of(error, address)})")


def away(error: Exception, address: RedisAddress, waited: float | None) -> StoreError:
    """A failure that did not pass; `waited` is for how many seconds, None where the server never answered."""
    reason = reason_of(error, address)
    if waited is None:
        hint = f"check that a Redis runs there{' and speaks TLS' if address.tls else ''}, and the address"
        return StoreError(f"the store {address.name} can't be reached ({reason})", hint)
    return StoreError(
        f"the store {address.name} could not be reached for {waited:.0f} s ({reason})",
        "run the command again when it can be reached; it goes on where it was",
    )


def reason_of(error: Exception, address: RedisAddress) -> str:
    """The words of a failure. Servers may repeat what they were sent, so words with a secret in them are left out."""
    text = " ".join(str(error).split())
    return type(error).__name__ if not text or address.tells(text) else text


def _described(error: Exception) -> str:
    return f"{type(error).__name__} {error}"


def _tls_failure(error: BaseException) -> OSError | None:
    """What keeps TLS from ever working on this connection; not a connection that broke."""
    cause = error.__context__
    if isinstance(cause, (ssl.SSLEOFError, ssl.SSLZeroReturnError, ssl.SSLSyscallError)):
        return None
    return cause if isinstance(cause, ssl.SSLError) else None
