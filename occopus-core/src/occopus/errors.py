"""Every error that Occopus raises on purpose. A message says what is wrong; a hint says what to do about it."""

from __future__ import annotations


class OccopusError(Exception):
    """A failure that a user can understand and act on. Doors show it without a traceback."""

    def __init__(self, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class UsageError(OccopusError):
    """What was asked for does not exist or contradicts itself: bad input, exit code 2."""


class InfrastructureNotFound(UsageError):
    """No infrastructure with this identifier is in the store."""

    def __init__(self, infra_id: str) -> None:
        super().__init__(f"there is no infrastructure '{infra_id}'", "'occopus list' shows those that exist")


class AlreadyMaintained(UsageError, ValueError):
    """This program maintains the infrastructure, so it can't begin to, or remove it."""


class NotMaintained(UsageError):
    """This program does not maintain the infrastructure."""


class MissingPlugin(UsageError):
    """A description needs a plugin that is not installed, is broken, or is offered twice."""


class RenderError(UsageError):
    """A template could not be rendered. The message names template, line and expression.

    `path` leads from the implementation to the template, `line` counts within it from 1; None where it is not known.
    """

    def __init__(self, message: str, hint: str | None = None, path: tuple[str | int, ...] = (), line: int | None = None) -> None:
        super().__init__(message, hint)
        self.path = path
        self.line = line


class CredentialsError(UsageError):
    """The authentication file has no entry for a section, or several, or one that is not right."""


class StoreError(OccopusError):
    """The store could not be read or written."""


class VersionConflict(StoreError):
    """A record was changed by somebody else since it was read."""


class LeaseHeld(StoreError):
    """Another writer works on the infrastructure at this moment; `owner` is who."""

    def __init__(self, message: str, owner: str = "") -> None:
        super().__init__(message, "try again when it is done")
        self.owner = owner


class LeaseLost(StoreError):
    """The writer's lease has passed to somebody else; its write was refused."""


class StalePlan(OccopusError):
    """A plan was computed for a state that is no longer there; nothing was done."""


class StepsFailed(OccopusError):
    """Steps of a plan failed. The message lists each with its reason."""


class Interrupted(OccopusError):
    """The user asked to stop (Ctrl-C, SIGTERM)."""


def explained(error: BaseException) -> str:
    """An error as people read it; one that nobody raised on purpose also says its type."""
    return error.message if isinstance(error, OccopusError) else f"{type(error).__name__}: {error}"
