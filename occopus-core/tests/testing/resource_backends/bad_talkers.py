"""Handlers that say the wrong thing in errors, logs, handles and statuses."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

from yard import Thing, YardHandler

from occopus.model.instance import Handle
from occopus.plugins import Checkpoint, CreateRequest, ErrorKind, ResourceError, ResourceStatus


class Raw(YardHandler):
    """Lets through whatever is raised below."""

    @contextmanager
    def translated(self) -> Iterator[None]:
        yield


class Reworded(YardHandler):
    """Says something else of each error."""

    def reworded(self, error: ResourceError) -> ResourceError:
        return error

    @contextmanager
    def translated(self) -> Iterator[None]:
        try:
            with super().translated():
                yield
        except ResourceError as error:
            raise self.reworded(error) from None


class Vague(Reworded):
    def reworded(self, error: ResourceError) -> ResourceError:
        return ResourceError(ErrorKind.UNKNOWN, error.message)


class Mute(Reworded):
    def reworded(self, error: ResourceError) -> ResourceError:
        return ResourceError(error.kind, " ")


class Tracing(Reworded):
    def reworded(self, error: ResourceError) -> ResourceError:
        return ResourceError(error.kind, f"Traceback (most recent call last): {error.message}")


class Textual(Reworded):
    """Passes on when to come again as it came."""

    def reworded(self, error: ResourceError) -> ResourceError:
        return ResourceError(error.kind, error.message, "7")  # type: ignore[arg-type]


class Indiscreet(Reworded):
    def reworded(self, error: ResourceError) -> ResourceError:
        return ResourceError(error.kind, f"{error.message}, asked with {self.password}")


class LoggingErrors(Reworded):
    def reworded(self, error: ResourceError) -> ResourceError:
        self.config.logger.debug("refused with %s", self.password)
        return error


class Storing(YardHandler):
    """Keeps the password with the ids."""

    def keep(self, handle: Handle, checkpoint: Checkpoint) -> None:
        checkpoint(replace(handle, ids={**handle.ids, "login": f"me:{self.password}"}))


class Detailed(YardHandler):
    def status(self, node: Handle, things: Sequence[Thing]) -> ResourceStatus:
        return replace(super().status(node, things), detail=f"ssh me:{self.password}@here")


class Logging(YardHandler):
    def make(self, part: str, request: CreateRequest) -> str:
        self.config.logger.debug("POST /%s?word=%s", part, self.password)
        return super().make(part, request)
