"""Renders what an instance is made from."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import yaml

from occopus.errors import RenderError
from occopus.model.infrastructure import InfraId, Infrastructure
from occopus.model.instance import Instance, NodeId
from occopus.model.node import Implementation, Node, Section
from occopus.model.secret import SecretReference
from occopus.plugins.contextualiser import Context, UserData
from occopus.plugins.health import HealthCheckSpec
from occopus.plugins.registry import load_object
from occopus.rendering.folding import doubled_in
from occopus.rendering.inputs import Inputs
from occopus.rendering.scope import Instances, Outside, Subject, is_made_up, variables
from occopus.rendering.templates import Templates, is_plain
from occopus.schema.composition import Composition, SectionRules, without_empty
from occopus.schema.core import HEALTH_TIMEOUT
from occopus.schema.validation import is_template


class Resolver:
    """Renders inputs for the instances of one infrastructure."""

    def __init__(self, infrastructure: Infrastructure, infra_id: InfraId, composition: Composition, outside: Outside) -> None:
        self.infrastructure = infrastructure
        self.infra_id = infra_id
        self.composition = composition
        self.outside = outside
        self._contextualisers: dict[str, Any] = {}
        self._fixed: dict[tuple[str, int], Section] = {}
        """Health check sections that are the same for every instance, by the type of the node and the index of its implementation."""

    def inputs(
        self,
        node: Node,
        implementation: Implementation,
        node_id: NodeId,
        instances: Instances,
        failures: list[RenderError] | None = None,
    ) -> Inputs:
        """Where `failures` is given, all that goes wrong is put there.

        Raises:
            RenderError: a template fails, or what it gives does not fit the schema.
        """
        subject = Subject(self.infrastructure, self.infra_id, node, implementation, node_id)
        secrets: set[str] = set()
        outside = self._noting(secrets)
        names = variables(subject, instances, outside)
        templates = Templates(names, subject.label, outside.resolve_secret, failures)
        config_management = self._config_management(implementation, templates)
        if config_management:
            manager = load_object(self.composition.registry.config_manager(config_management["type"]).manager)
            names |= manager.variables(config_management)
        resource = self._section("resource", implementation.resource, templates)
        context = self._context(implementation, self._for_context(implementation, templates))
        self._check_size(implementation, context, templates)
        return Inputs(
            machine_name=machine_name(subject),
            resource=resource,
            context=context,
            attributes=self._attributes(node, implementation, templates),
            config_management=config_management,
            secrets=frozenset(secrets),
            written=implementation.resource,
        )

    def endpoint_section(self, node: Node, implementation: Implementation) -> Section:
        """The resource section as far as it is known without an instance; what can't be rendered stays as it is written."""
        failures: list[RenderError] = []
        subject = Subject(self.infrastructure, self.infra_id, node, implementation, NodeId(""))
        templates = Templates(variables(subject, lambda name: (), self.outside), subject.label, self.outside.resolve_secret, failures)
        return self._section("resource", implementation.resource, templates)

    def health_checks(
        self, node: Node, implementation: Implementation, instance: Instance, failures: list[RenderError] | None = None
    ) -> list[tuple[HealthCheckSpec, Any]]:
        """The checks of an instance with their rendered settings; `failures` as for `inputs`."""
        rendered = self._health_check(node, implementation, instance, failures)
        checks = []
        for spec in self.composition.registry.health_checks():
            spelling = next((key for key in (spec.key, *spec.aliases) if key in rendered), None)
            settings = rendered[spelling] if spelling else spec.default
            if settings is not None and settings is not False:
                checks.append((spec, settings))
        return checks

    def has_fixed_checks(self, implementation: Implementation) -> bool:
        """Whether every instance has the same checks, so that nothing is rendered for each."""
        return _is_fixed(implementation.health_check)

    def health_timeout(self, node: Node, implementation: Implementation, instance: Instance) -> float:
        """Seconds of failing health that the node definition tolerates."""
        return float(self._health_check(node, implementation, instance).get("timeout", HEALTH_TIMEOUT))

    def _health_check(
        self, node: Node, implementation: Implementation, instance: Instance, failures: list[RenderError] | None = None
    ) -> Section:
        section = implementation.health_check or {}
        place = node.type, implementation.index
        if place in self._fixed:
            return self._fixed[place]
        subject = Subject(self.infrastructure, self.infra_id, node, implementation, instance.node_id)
        names = variables(subject, lambda name: (), self.outside)
        names |= {"ip": instance.address, "instance_data": {"node_id": instance.node_id, "resource_address": instance.address}}
        templates = Templates(names, subject.label, self.outside.resolve_secret, failures)
        rendered = self._section("health_check", section, templates) if section else {}
        if _is_fixed(section):
            self._fixed[place] = rendered
        return rendered

    def _noting(self, secrets: set[str]) -> Outside:
        """The outside that also notes each secret that was used."""

        def resolve(reference: SecretReference) -> str:
            value = self.outside.resolve_secret(reference)
            secrets.add(value)
            return value

        return replace(self.outside, resolve_secret=resolve)

    def _config_management(self, implementation: Implementation, templates: Templates) -> Section | None:
        section = implementation.config_management
        return self._section("config_management", section, templates) if section else None

    def _section(self, name: str, section: Section, templates: Templates) -> Section:
        rendered = templates.render(section, (name,))
        rules = self.composition.rules(name, "" if name == "health_check" else section["type"])
        fitted: Section = _fitted(rendered, section, rules)
        for secret in rules.secret_values(fitted):
            self.outside.learn(secret)
        for problem in rules.problems(fitted):
            pretended = self.outside.pretended and is_made_up(_at(section, problem.path), _at(fitted, problem.path))
            if not (problem.warning or pretended):
                templates.fail(templates.error(f"after rendering, {problem.message}", (name, *problem.path), problem.hint))
        return fitted

    def _for_context(self, implementation: Implementation, templates: Templates) -> Templates:
        """Those for the context template. Into one that is a mapping, Occopus 1 put values of many lines folded."""
        template = (implementation.contextualisation or {}).get("context_template")
        doubled = list(doubled_in(templates.variables["variables"], "variables")) if isinstance(template, Mapping) else []
        if not doubled:
            return templates
        if self.outside.pretended:
            for name in doubled:
                what = "has a blank line after each line, as Occopus 1 needed it: cloud-configs get its lines without them"
                self.outside.warn(f"{name} {what}; write it without blank lines")
        return Templates(templates.variables, templates.label, templates.resolve_secret, templates.failures, folding=True)

    def _context(self, implementation: Implementation, templates: Templates) -> Context | None:
        section = implementation.contextualisation
        if not section:
            return None
        type = section["type"]
        if type not in self._contextualisers:
            self._contextualisers[type] = load_object(self.composition.registry.contextualiser(type).contextualiser)()
        base = ("contextualisation",)
        scope = _ContextScope(section, lambda value, where: templates.render(value, (*base, where)))
        before = len(templates.failures or ())
        try:
            context: Context | None = self._contextualisers[type].render(scope)
        except RenderError as error:
            if error.path:
                raise
            if len(templates.failures or ()) == before:  # else it only follows from what failed before
                place = (*base, "context_template") if "context_template" in section else base
                templates.fail(templates.error(error.message, place, error.hint))
            return None
        return context

    def _check_size(self, implementation: Implementation, context: Context | None, templates: Templates) -> None:
        limit = self.composition.registry.resource_handler(implementation.type).user_data_limit
        size = len(context.text.encode(errors="surrogatepass")) if isinstance(context, UserData) else 0
        if limit is not None and size > limit:
            message = f"the user data has {size:,} bytes; {implementation.type} takes {limit:,} at most"
            templates.fail(templates.error(message, ("contextualisation", "context_template")))

    def _attributes(self, node: Node, implementation: Implementation, templates: Templates) -> Section:
        own = (implementation.contextualisation or {}).get("attributes") or {}
        attributes: dict[str, Any] = templates.render({**own, **node.attributes}, ("contextualisation", "attributes"))
        connections = [
            {
                "source_role": f"{self.infra_id}_{dependency.dependee}",
                "source_attribute": mapping.source,
                "destination_attribute": mapping.destination,
            }
            for dependency in self.infrastructure.dependees[node.name]
            for mapping in dependency.mappings
        ]
        return {**attributes, "connections": connections}


@dataclass(frozen=True)
class _ContextScope:
    section: Section
    render: Callable[[Any, str], Any]


def machine_name(subject: Subject) -> str:
    """The unique name that a machine gets where its user chose none."""
    return f"occopus-{subject.infrastructure.name[:18]}-{subject.infra_id[:8]}-{subject.node.name[:18]}-{subject.node_id[:8]}"


def _fitted(rendered: Any, section: Section, rules: SectionRules) -> Any:
    """Rendered values are text. Where the schema wants another type of what a template gave, the text is read as YAML would. Keys without
    a value are left out.
    """
    problems = list(rules.validator.problems(rendered))
    for problem in problems:
        text = _at(rendered, problem.path)
        if problem.path and isinstance(text, str) and is_template(_at(section, problem.path)):
            value = _as_yaml(text)
            if isinstance(value, bool | int | float | list):
                _at(rendered, problem.path[:-1])[problem.path[-1]] = value
    return without_empty(rendered, problems)


def _as_yaml(text: str) -> Any:
    """What a text of one line means in YAML; None where it means nothing."""
    try:
        return None if "\n" in text else yaml.safe_load(text)
    except (yaml.YAMLError, ValueError, RecursionError):
        return None


def _is_fixed(value: Any) -> bool:
    """Whether there is nothing to render in a value."""
    if isinstance(value, Mapping):
        return all(_is_fixed(key) and _is_fixed(item) for key, item in value.items())
    if isinstance(value, list | tuple):
        return all(map(_is_fixed, value))
    return is_plain(value) if isinstance(value, str) else not isinstance(value, SecretReference)


def _at(data: Any, path: tuple[str | int, ...]) -> Any:
    """What stands at a path; None where the path leads nowhere, since keys may have been rendered too."""
    for key in path:
        try:
            data = data[key]
        except (LookupError, TypeError):
            return None
    return data
