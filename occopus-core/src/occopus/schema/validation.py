"""Validates data against Cerberus schemas and says in plain words what is wrong and where."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from threading import Lock
from typing import Any, ClassVar

from cerberus import TypeDefinition, Validator
from cerberus import errors as codes

from occopus.diagnostics import MASK, did_you_mean
from occopus.model.secret import SecretReference, is_secret_key
from occopus.plugins.schema import Problem, Schema
from occopus.schema import core

TYPE_NAMES = {
    "dict": "a mapping",
    "list": "a list",
    "string": "text",
    "integer": "a whole number",
    "float": "a number",
    "number": "a number",
    "boolean": "true or false",
}


def is_template(value: object) -> bool:
    """Whether a value is only known once it is rendered: a text with Jinja marks, or a reference to a secret."""
    if isinstance(value, str):
        return "{{" in value or "{%" in value
    return isinstance(value, SecretReference)


class _Validator(Validator):  # type: ignore[misc]  # Cerberus has no types
    """Cerberus, to which true and false are numbers, told that they are none."""

    types_mapping: ClassVar[dict[str, TypeDefinition]] = {
        **Validator.types_mapping,
        "integer": TypeDefinition("integer", (int,), (bool,)),
        "float": TypeDefinition("float", (float, int), (bool,)),
    }


class SchemaValidator:
    """Checks values against one schema; made once for each schema, since Cerberus looks at a schema when it is made.

    With `templates`, what is only known once it is rendered satisfies every rule.
    """

    def __init__(self, schema: Schema, templates: bool = True) -> None:
        self.schema = schema
        self.templates = templates
        self._validator = _Validator(dict(schema))
        self._lock = Lock()

    def problems(self, data: Mapping[str, Any]) -> Iterator[Problem]:
        """Everything in `data` that breaks the schema."""
        with self._lock:  # Cerberus keeps what it finds in the validator, and many threads check at once
            self._validator.validate(data, normalize=False)
            found = list(self._validator._errors)
        yield from self._explain(found)

    def _explain(self, errors: Iterable[Any]) -> Iterator[Problem]:
        for error in errors:
            if self.templates and is_template(error.value) and error.code != codes.UNKNOWN_FIELD.code:
                continue
            if self.templates and _is_left_out(error, self.schema):
                yield _left_out(error, self.schema)
            elif error.is_group_error and not error.is_logic_error:
                yield from self._explain(error.child_errors)
            else:
                yield _problem(error, self.schema)


def _problem(error: Any, schema: Schema) -> Problem:
    path = tuple(error.document_path)
    if error.code == codes.UNKNOWN_FIELD.code:
        known = _at(schema, error.schema_path)
        return Problem(path, f"unknown key '{path[-1]}'", did_you_mean(path[-1], known))
    meta = _at(schema, error.schema_path[:-1]).get("meta", {})
    is_secret = meta.get("secret") or any(map(is_secret_key, path))
    shown = f"'{MASK}'" if is_secret and isinstance(error.value, str | int | float) else describe(error.value)
    if error.code == codes.REQUIRED_FIELD.code:
        return Problem(path[:-1], f"the key '{path[-1]}' is missing", _meaning(meta))
    if error.rule == "nullable":
        return Problem(path, f"{_name(path)} has no value", _meaning(meta))
    if error.rule == "allowed" and not isinstance(error.value, list):
        return Problem(path, f"{_name(path)} can't be {shown}", did_you_mean(error.value, error.constraint))
    return Problem(path, f"{_name(path)} {_demand(error, meta.get('expected'), shown)}")


def _meaning(meta: Mapping[str, Any]) -> str | None:
    """What a key is for, with an example where its plugin has one."""
    description, example = meta.get("description"), meta.get("example")
    return f"{description} For example: {example}" if description and isinstance(example, str | int | float) else description


def _is_left_out(error: Any, schema: Schema) -> bool:
    """Whether a key that need not be there has no value: published descriptions have such keys, and the original took them so."""
    is_empty_key = error.rule == "nullable" and isinstance(error.document_path[-1], str)
    return is_empty_key and not _at(schema, error.schema_path[:-1]).get("required")


def _left_out(error: Any, schema: Schema) -> Problem:
    path = tuple(error.document_path)
    description = _at(schema, error.schema_path[:-1]).get("meta", {}).get("description")
    return Problem(path, f"{_name(path)} has no value: it is as if it were left out", description, warning=True)


def _at(schema: Schema, path: Iterable[Any]) -> Mapping[str, Any]:
    """The rules that stand at a path of a schema; none where the path leads through what is no mapping."""
    below: Any = schema
    for step in path:
        below = below.get(step) if isinstance(below, Mapping) else None
    return below if isinstance(below, Mapping) else {}


def _name(path: tuple[str | int, ...]) -> str:
    """How messages name what stands at a path: by its key, or by its place in the list of that key."""
    if path and isinstance(path[-1], int):
        return f"item {path[-1] + 1} of {_name(path[:-1])}"
    return f"'{path[-1]}'" if path else "it"


def _demand(error: Any, expected: str | None, shown: str) -> str:
    """What a value must be and is not. `shown` is the value as it may be shown."""
    rule, constraint, value = error.rule, error.constraint, error.value
    if expected:
        return f"must be {expected}, not {shown}"
    if rule == "type":
        return f"must be {_type_words(constraint)}, not {shown}"
    if rule == "regex":
        return f"must be text of the form {constraint}, not {shown}"
    if rule == "empty":
        return "must not be empty"
    if rule in _BOUNDS:
        if rule in ("min", "max"):
            return f"must {_BOUNDS[rule]} {constraint}, not {shown}"
        unit = ("character" if isinstance(value, str) else "item") + ("" if constraint == 1 else "s")
        return f"must {_BOUNDS[rule]} {constraint} {unit}, not {len(value)}"
    if error.is_logic_error:
        return f"has none of the forms that are allowed, being {shown}"
    return f"is {shown}: {_cerberus_words(error)}" if shown == describe(value) else f"is {shown}: it breaks the rule '{rule}'"


_BOUNDS = {"min": "be at least", "max": "be at most", "minlength": "have at least", "maxlength": "have at most"}


def _type_words(types: str | list[str]) -> str:
    return " or ".join(TYPE_NAMES.get(name, name) for name in ([types] if isinstance(types, str) else types))


def _cerberus_words(error: Any) -> str:
    words: Any = codes.BasicErrorHandler.messages.get(error.code, "it breaks the rule '{rule}'")
    return str(words).format(*error.info, rule=error.rule, constraint=error.constraint, value=error.value, field=error.field)


def describe(value: object) -> str:
    """A value as messages show it: short, and never the inside of a mapping or list, which may hold secrets."""
    if isinstance(value, Mapping):
        return "a mapping"
    if isinstance(value, list | tuple):
        return "a list"
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return str(value).lower()
    text = str(value)
    shown = text if len(text) <= 40 else text[:37] + "..."
    return f"'{shown}'" if isinstance(value, str) else shown


@cache
def core_validator(name: str) -> SchemaValidator:
    """The validator for one of the core's own schemas, `NODE` for example. What the core reads itself is never a template."""
    return SchemaValidator(getattr(core, name), templates=False)
