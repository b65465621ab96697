"""The operating system's errors in the words of the contract."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager

from occopus.plugins.resource import ErrorKind, ResourceError

KINDS = {
    errno.ENOSPC: ErrorKind.NO_CAPACITY,
    errno.ENOMEM: ErrorKind.NO_CAPACITY,
    errno.EAGAIN: ErrorKind.NO_CAPACITY,  # what fork says when there are too many processes
    errno.EDQUOT: ErrorKind.QUOTA,
    errno.EMFILE: ErrorKind.TRANSIENT,
    errno.ENFILE: ErrorKind.TRANSIENT,
    errno.EINTR: ErrorKind.TRANSIENT,
    errno.EACCES: ErrorKind.CREDENTIALS,
    errno.EPERM: ErrorKind.CREDENTIALS,
    errno.EROFS: ErrorKind.INVALID,
    errno.EEXIST: ErrorKind.INVALID,
    errno.EISDIR: ErrorKind.INVALID,
    errno.ENOTDIR: ErrorKind.INVALID,
    errno.ENAMETOOLONG: ErrorKind.INVALID,
    errno.EINVAL: ErrorKind.INVALID,
    errno.E2BIG: ErrorKind.INVALID,
}


@contextmanager
def translated(doing: str) -> Iterator[None]:
    """Turn an OSError into a ResourceError that says what was being done."""
    try:
        yield
    except OSError as error:
        place = f" ({error.filename})" if error.filename else ""
        kind = KINDS.get(error.errno or 0, ErrorKind.UNKNOWN)
        raise ResourceError(kind, f"{doing} failed: {error.strerror or error}{place}") from error


def invalid(message: str) -> ResourceError:
    """The description must change."""
    return ResourceError(ErrorKind.INVALID, message)
