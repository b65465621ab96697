"""Jinja2 templates: sandboxed, and strict about everything unknown."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

from jinja2 import StrictUndefined, Template, TemplateError, TemplateSyntaxError, Undefined, UndefinedError
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.utils import missing

from occopus.errors import RenderError
from occopus.model.secret import SecretReference

Path = tuple[str | int, ...]

FILE_NAME = "<template>"
"""What Jinja2 calls a template made from text, in tracebacks."""


def _environment() -> ImmutableSandboxedEnvironment:
    # A trailing newline belongs to the text: Jinja2 would take it away.
    environment = ImmutableSandboxedEnvironment(undefined=StrictUndefined, keep_trailing_newline=True)
    environment.filters["b64encode"] = lambda text: base64.b64encode(str(text).encode()).decode()
    return environment


ENVIRONMENT = _environment()


@lru_cache(maxsize=4096)
def _compiled(text: str) -> Template:
    return ENVIRONMENT.from_string(text)


def is_plain(text: str) -> bool:
    """Whether rendering would leave a text as it is."""
    return "{{" not in text and "{%" not in text and "{#" not in text


class Templates:
    """Renders values with one set of variables. `label` names what they belong to in errors."""

    def __init__(self, variables: Mapping[str, Any], label: str, resolve_secret: Callable[[SecretReference], str]) -> None:
        self.variables = variables
        self.label = label
        self.resolve_secret = resolve_secret

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

    def error(self, message: str, path: Path, hint: str | None = None, text: str = "", line: int | None = None) -> RenderError:
        """An error that names the template it arose in, and the expressions in its line."""
        expressions = re.findall(r"\{\{.*?\}\}|\{%.*?%\}", text.splitlines()[line - 1]) if line and text else []
        where = ".".join(map(str, path)) + (f", line {line}" if line else "") + (f", in {' '.join(expressions)}" if expressions else "")
        return RenderError(f"{self.label}, {where}: {message}", hint, path, line)

    def _render_text(self, text: str, path: Path) -> str:
        try:
            return _compiled(text).render(self.variables)
        except TemplateSyntaxError as error:
            raise self.error(error.message or "bad syntax", path, None, text, error.lineno) from None
        except RenderError as error:
            raise self.error(error.message, path, error.hint, text, _line_of(error)) from None
        except UndefinedError as error:
            raise self.error(_plain_words(error), path, _HINT, text, _line_of(error)) from None
        except (TemplateError, ArithmeticError, LookupError, TypeError, ValueError, AttributeError, RecursionError) as error:
            raise self.error(str(error), path, None, text, _line_of(error)) from None


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


def _line_of(error: BaseException) -> int | None:
    """The line within the template at which an error arose; Jinja2 puts it into the traceback."""
    line, trace = None, error.__traceback__
    while trace:
        if trace.tb_frame.f_code.co_filename == FILE_NAME:
            line = trace.tb_lineno
        trace = trace.tb_next
    return line
