"""Jinja2 templates: sandboxed, and strict about everything unknown."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from functools import lru_cache
from types import FrameType
from typing import Any

from jinja2 import Template, TemplateError, TemplateSyntaxError, Undefined, UndefinedError
from jinja2.utils import missing

from occopus.errors import OccopusError, RenderError
from occopus.model.secret import SecretReference
from occopus.rendering.folding import folded
from occopus.rendering.sandbox import BoundedEnvironment, metered

Path = tuple[str | int, ...]

FILE_NAME = "<template>"
"""What Jinja2 calls a template made from text, in tracebacks."""


_path: ContextVar[Path] = ContextVar("path", default=())
"""Leads to the text that is being rendered."""

ENVIRONMENT = BoundedEnvironment()
FOLDING = BoundedEnvironment(folded)


@lru_cache(maxsize=4096)
def _compiled(text: str, folding: bool = False) -> Template:
    compiled: Template = (FOLDING if folding else ENVIRONMENT).compiled(text)
    return compiled


def is_plain(text: str) -> bool:
    """Whether rendering would leave a text as it is."""
    return "{{" not in text and "{%" not in text and "{#" not in text


class Templates:
    """Renders values with one set of variables. `label` names what they belong to in errors.

    Where `failures` is given, errors are put there and the text at fault stays as it is: so all are found in one go.
    Where it is `folding`, values with a blank line after each line lose these.
    """

    def __init__(
        self,
        variables: Mapping[str, Any],
        label: str,
        resolve_secret: Callable[[SecretReference], str],
        failures: list[RenderError] | None = None,
        folding: bool = False,
    ) -> None:
        self.variables = variables
        self.label = label
        self.resolve_secret = resolve_secret
        self.failures = failures
        self.folding = folding

    def render(self, value: Any, path: Path) -> Any:
        """The value with every string in it rendered, keys too. `path` leads to it from the implementation.

        Raises:
            RenderError: the message names the template, the line in it and the expression.
        """
        if isinstance(value, str):
            return value if is_plain(value) else self._render_text(value, path)
        if isinstance(value, Mapping):
            return {self.render(key, path): self.render(item, (*path, key)) for key, item in value.items()}
        if isinstance(value, list | tuple):
            return [self.render(item, (*path, index)) for index, item in enumerate(value)]
        if isinstance(value, SecretReference):
            return self.resolve_secret(value)
        return value

    def fail(self, error: RenderError) -> None:
        """Raise an error, or note it where all are wanted."""
        if self.failures is None:
            raise error from None
        self.failures.append(error)

    def error(self, message: str, path: Path, hint: str | None = None, text: str = "", line: int | None = None) -> RenderError:
        """An error that names the template it arose in, and the expressions in its line."""
        lines = _LINE_END.split(text)
        expressions = _EXPRESSION.findall(lines[line - 1]) if line and line <= len(lines) else []
        where = ".".join(map(str, path)) + (f", line {line}" if line else "") + (f", in {' '.join(expressions)}" if expressions else "")
        return RenderError(f"{self.label}, {where}: {message}", hint, path, line)

    def _render_text(self, text: str, path: Path) -> str:
        _path.set(path)
        try:
            with metered():
                return _compiled(text, self.folding).render(self.variables)
        except TemplateSyntaxError as error:
            hint = _COMMENT_HINT if "comment" in (error.message or "") else None
            failure = self.error(error.message or "bad syntax", path, hint, text, error.lineno)
        except OccopusError as error:
            failure = self.error(error.message, path, error.hint, text, _line_of(error))
        except UndefinedError as error:
            failure = self.error(_plain_words(error), path, _HINT, text, _line_of(error))
        except Exception as error:  # whatever goes wrong in a template is a fault of the template
            words = str(error) if isinstance(error, TemplateError) and str(error) else f"{type(error).__name__}: {error}".rstrip(": ")
            failure = self.error(words, path, None, text, _line_of(error))
        self.fail(failure)
        return text


_LINE_END = re.compile("\r\n|\r|\n")
_EXPRESSION = re.compile(r"\{\{.*?\}\}|\{%.*?%\}")
_COMMENT_HINT = "'{#' begins a comment; where the text itself should say it, put it between {% raw %} and {% endraw %}"
_HINT = "define it under 'variables' of the node or the infrastructure, or write | default(...)"


def _plain_words(error: UndefinedError) -> str:
    """Jinja2 speaks of 'dict object' where it means a mapping."""
    return (
        (error.message or "something is undefined")
        .replace("'dict object' has no attribute", "there is no")
        .replace(" is undefined", " is not defined")
    )


def unknown_name(value: object) -> str | None:
    """The name of a variable that does not exist, where a template passes it to a function; None for any other value."""
    if isinstance(value, Undefined) and value._undefined_obj is missing:
        return value._undefined_name
    return None


def now_rendering() -> tuple[Path, int | None]:
    """Where a function stands that a template calls: the path to its text, and the line within; an empty path outside of templates."""
    frame: FrameType | None = sys._getframe()
    while frame and frame.f_code.co_filename != FILE_NAME:
        frame = frame.f_back
    template = frame.f_globals.get("__jinja_template__") if frame else None
    return (_path.get(), template.get_corresponding_lineno(frame.f_lineno)) if frame and template else ((), None)


def _line_of(error: BaseException) -> int | None:
    """The line within the template at which an error arose; Jinja2 puts it into the traceback."""
    line, trace = None, error.__traceback__
    while trace:
        if trace.tb_frame.f_code.co_filename == FILE_NAME:
            line = trace.tb_lineno
        trace = trace.tb_next
    return line
