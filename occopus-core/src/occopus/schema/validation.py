"""Validates data against Cerberus schemas and says in plain words what is wrong and where."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from typing import Any

from cerberus import Validator
from cerberus import errors as codes

from occopus.diagnostics import did_you_mean
from occopus.model.secret import SecretReference
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


class SchemaValidator:
    """Checks values against one schema; made once for each schema, since Cerberus looks at a schema when it is made."""

    def __init__(self, schema: Schema) -> None:
        self.schema = schema
        self._validator = Validator(dict(schema))

    def problems(self, data: Mapping[str, Any]) -> Iterator[Problem]:
        """Everything in `data` that breaks the schema, save for what a template may still put right."""
        if not self._validator.validate(data, normalize=False):
            yield from _explain(self._validator._errors, self.schema)


def _explain(errors: Iterable[Any], schema: Schema) -> Iterator[Problem]:
    for error in errors:
        if is_template(error.value) and error.code != codes.UNKNOWN_FIELD.code:
            continue
        if error.is_group_error and not error.is_logic_error:
            yield from _explain(error.child_errors, _schema_below(error, schema))
        else:
            yield _problem(error, schema)


def _schema_below(error: Any, schema: Schema) -> Schema:
    """The schema for the keys of the mapping at fault, where its rules have one."""
    below = error.constraint if isinstance(error.constraint, Mapping) else {}
    return below if all(isinstance(rule, Mapping) for rule in below.values()) else {}


def _problem(error: Any, schema: Schema) -> Problem:
    path = tuple(error.document_path)
    key = path[-1] if path else ""
    rule = schema.get(key, {}) if isinstance(key, str) else {}
    expected = rule.get("meta", {}).get("expected")
    name, constraint, value = error.rule, error.constraint, error.value
    if error.code == codes.UNKNOWN_FIELD.code:
        return Problem(path, f"unknown key '{key}'", did_you_mean(key, [k for k in schema if k != key]))
    if error.code == codes.REQUIRED_FIELD.code:
        return Problem(path[:-1], f"the key '{key}' is missing", rule.get("meta", {}).get("description"))
    if name == "type":
        return Problem(path, f"'{key}' must be {expected or _type_words(constraint)}, not {describe(value)}")
    if name == "allowed":
        return Problem(path, f"'{key}' can't be {describe(value)}", did_you_mean(value, map(str, constraint)))
    if name == "nullable":
        return Problem(path, f"'{key}' has no value", rule.get("meta", {}).get("description"))
    if name == "empty":
        return Problem(path, f"'{key}' must not be empty")
    if expected or name == "regex":
        return Problem(path, f"'{key}' must be {expected or f'text of the form {constraint}'}, not {describe(value)}")
    return Problem(path, f"'{key}' is {describe(value)}: {_cerberus_words(error)}")


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
    """The validator for one of the core's own schemas, `NODE` for example."""
    return SchemaValidator(getattr(core, name))
