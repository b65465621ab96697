"""The log file: what happens inside, for those who look for causes. People's output does not go through it."""

from __future__ import annotations

import logging
import os
import sys
import traceback
from contextlib import suppress
from pathlib import Path

from occopus.diagnostics import Diagnostics
from occopus.masking import Masker

FORMAT = "%(asctime)s %(levelname)s %(name)s %(threadName)s: %(message)s"


def set_up_logging(log_file: Path | None, level: str, masker: Masker, diagnostics: Diagnostics) -> logging.Handler:
    """Sends the records of all packages, masked, to the file; nowhere where there is none.

    A file that cannot be written is one warning. The handler that was added to the root logger is returned for `take_down`.
    """
    handler: logging.Handler = logging.NullHandler()  # without any handler Python would print warnings, unmasked
    if log_file:
        try:
            handler = _PrivateFile(log_file)
        except OSError as error:
            hint = "the program goes on without a log; see 'logging' in the configuration file"
            diagnostics.warning(f"the log file '{log_file}' cannot be written: {error.strerror}", None, hint)
    handler.setFormatter(logging.Formatter(FORMAT))
    handler.addFilter(MaskingFilter(masker))
    handler.setLevel(level)
    root = logging.getLogger()
    root.addHandler(handler)
    if log_file:
        root.setLevel(level)
    return handler


def take_down(handler: logging.Handler) -> None:
    """Removes the handler and closes its file."""
    logging.getLogger().removeHandler(handler)
    handler.close()


class _PrivateFile(logging.FileHandler):
    """A log that only its owner can read where it is made here; a file that exists keeps its rights."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        super().__init__(path, encoding="utf-8", errors="backslashreplace")
        self._complained = False

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - the standard library's name
        """Where the log can't be written to any more, since its disk is full for example, one line says so and the work goes on."""
        if not self._complained:
            self._complained = True
            with suppress(OSError):
                sys.stderr.write(f"warning: the log file '{self.baseFilename}' cannot be written: {sys.exc_info()[1]}\n")

    def _open(self):  # type: ignore[no-untyped-def]
        descriptor = os.open(self.baseFilename, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
        return os.fdopen(descriptor, self.mode, encoding=self.encoding, errors=self.errors)


class MaskingFilter(logging.Filter):
    """Masks log records: message, arguments, exception and stack. Belongs on handlers: a logger's filters see its own records only."""

    def __init__(self, masker: Masker) -> None:
        super().__init__()
        self._masker = masker

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg, record.args = self._masker.mask(_message(record)), ()
        if record.exc_info and not record.exc_text:
            record.exc_text = "".join(traceback.format_exception(*record.exc_info)).rstrip("\n")
        # Nothing is left from which a handler could format the exception anew.
        record.exc_info = None
        if record.exc_text:
            record.exc_text = self._masker.mask(record.exc_text)
        if record.stack_info:
            record.stack_info = self._masker.mask(record.stack_info)
        return True


def _message(record: logging.LogRecord) -> str:
    try:
        return record.getMessage()
    except Exception:  # a log call whose arguments do not fit must not stop the program
        return f"{record.msg} {record.args}"
