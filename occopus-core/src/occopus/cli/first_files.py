"""The files of a first infrastructure, from the rules that the plugins declare: what is required has a value to change, the rest a mark
before it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from occopus.cli import starting_texts as texts
from occopus.cli.commented_yaml import as_yaml, commented
from occopus.cli.schema import SCHEMAS
from occopus.plugins.resource import ResourceHandlerSpec
from occopus.plugins.schema import CredentialsSpec
from occopus.schema.composition import Composition, SectionRules
from occopus.schema.starting import starting_section, starting_values
from occopus.schema.validation import SchemaValidator

INDENT = "      "


@dataclass(frozen=True)
class FirstFiles:
    """Those of one node on one backend."""

    composition: Composition
    backend: ResourceHandlerSpec

    def texts(self, name: str, user: str) -> dict[str, str]:
        """What each file holds, by its path; `auth_data.yaml` only where something is to be filled in."""
        made = {
            "infra.yaml": texts.INFRASTRUCTURE.format(name=as_yaml(name), user=as_yaml(user)),
            "nodes/node_definitions.yaml": "\n".join([*self._definitions(), ""]),
        }
        if self._context_type == "cloudinit":
            made["nodes/cloud_init_web.yaml"] = texts.LOCAL_CLOUD_INIT if self.backend.local else texts.CLOUD_INIT
        credentials = "\n".join(self._credentials())
        return made | ({"auth_data.yaml": texts.AUTH_DATA.format(type=self.backend.type, lines=credentials)} if credentials else {})

    def for_editors(self) -> dict[str, str]:
        """What makes editors complete and check the other files: VS Code, and all that use the same language server for YAML."""
        schemas = {f".schemas/{kind}.json": json.dumps(draw(self.composition), indent=1) for kind, draw in SCHEMAS.items()}
        return {".vscode/settings.json": json.dumps(texts.EDITOR_SETTINGS, indent=2), **schemas}

    def _definitions(self) -> Iterator[str]:
        yield texts.DEFINITIONS.format(summary=self.backend.summary or self.backend.type)
        yield "'node_def:web':"
        yield "  - resource:"
        yield from self._section("resource", self.backend.type)
        if self._context_type:
            yield "    contextualisation:"
            yield from self._section("contextualisation", self._context_type)
        yield from self._health_check()

    @property
    def _context_type(self) -> str | None:
        """The contextualiser to be used: one that fits the backend and is installed."""
        there = self.backend.contexts & set(self.composition.types("contextualisation"))
        return next((type for type in ("cloudinit", "docker", *sorted(there)) if type in there), None)

    def _section(self, section: str, type: str) -> Iterator[str]:
        rules = self.composition.rules(section, type)
        values = starting_section(rules, type)
        schema = dict(rules.schema)
        yield f"{INDENT}type: {as_yaml(values.pop('type'))}"
        del schema["type"]
        if type == "cloudinit":
            yield texts.CONTEXT_FILE
            del values["context_template"], schema["context_template"]
        yield from commented(type, schema, values, INDENT)

    def _health_check(self) -> Iterator[str]:
        known = self.composition.rules("health_check").schema
        checks = {spec.key: known[spec.key] for spec in self.composition.registry.health_checks() if spec.key in known}
        if self.backend.local and {"ping", "ports"} <= checks.keys():
            yield texts.LOCAL_HEALTH
        elif checks:
            yield texts.OTHER_HEALTH
            values = {key: next(starting_values("health", key, rule), "") for key, rule in checks.items()}
            yield from (f"    #{line[4:]}" for line in commented("health", checks, values, INDENT))

    def _credentials(self) -> Iterator[str]:
        spec = self.backend.credentials
        values = _needed(spec, self.backend.type) if spec else {}
        if spec and values:
            yield from commented(self.backend.type, spec.schema, values, INDENT)


def _needed(spec: CredentialsSpec, type: str) -> dict[str, Any]:
    """What credentials must have; where there are several ways, that for which there are examples."""
    values = starting_section(SectionRules(spec.schema, spec.checks, SchemaValidator(spec.schema)), type)
    if "type" not in spec.schema or len(values) == 1:
        del values["type"]
    return values or {key: next(starting_values(type, key, rule)) for key, rule in spec.schema.items() if "example" in rule.get("meta", {})}
