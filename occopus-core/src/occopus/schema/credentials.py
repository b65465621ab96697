"""Checks what the authentication file has for a type against what its plugin says that it needs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from occopus.plugins.schema import CredentialsSpec
from occopus.schema.composition import SectionRules
from occopus.schema.validation import SchemaValidator


def credentials_faults(spec: CredentialsSpec, auth_data: Mapping[str, Any]) -> list[str]:
    """What is wrong, in words without any value. A key more than is needed is told only where another one is missing: it is harmless, or
    that one misspelt.
    """
    schema = {key: {**rule, "meta": {**rule.get("meta", {}), "secret": True}} for key, rule in spec.schema.items()}
    rules = SectionRules(schema, spec.checks, SchemaValidator(schema, templates=False))
    needed = {key: value for key, value in auth_data.items() if key in schema}
    problems = list(rules.problems(needed)) and list(rules.problems(auth_data))
    return [f"{problem.message} ({problem.hint})" if problem.hint else problem.message for problem in problems]
