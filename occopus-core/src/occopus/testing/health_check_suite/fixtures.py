"""The fixtures of the suite: the first three a health check must give; of the others it overrides those that it has something to say to."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import pytest

from occopus.model.instance import NodeId
from occopus.plugins.health import HealthCheckSpec, Target
from occopus.plugins.registry import load_object
from occopus.schema.composition import SectionRules
from occopus.schema.validation import SchemaValidator

CheckFunction = Callable[[Target, Any], str | None]


class Asked(NamedTuple):
    """What a check is called with: the node, and the value of the key, rendered."""

    target: Target
    settings: Any

    @classmethod
    def at(cls, address: str, settings: Any) -> Asked:
        """Of a node `web` at an address."""
        return cls(Target(NodeId("7c02-node"), "web", address), settings)


class HealthCheckFixtures:
    @pytest.fixture
    def spec(self) -> HealthCheckSpec:
        """The spec as the package's hook yields it."""
        pytest.fail("the suite needs a fixture 'spec': the package's HealthCheckSpec")

    @pytest.fixture
    def healthy(self) -> Asked:
        """A node that does its work."""
        pytest.fail("the suite needs a fixture 'healthy': a node that does its work")

    @pytest.fixture
    def sick(self) -> Mapping[str, Asked]:
        """By description: nodes that don't do their work; one at the least."""
        pytest.fail("the suite needs a fixture 'sick': nodes that don't do their work, by description")

    @pytest.fixture
    def silent(self) -> Asked | None:
        """A node that takes connections and never answers."""
        return None

    @pytest.fixture
    def invalid_settings(self) -> Mapping[str, Any]:
        """By description: values of the key that the rule must refuse."""
        return {}

    @pytest.fixture
    def ends_within(self) -> float:
        """Seconds after an answer in which threads that the check has begun come to their end."""
        return 20.0

    @pytest.fixture
    def secrets(self, spec: HealthCheckSpec, healthy: Asked, sick: Mapping[str, Asked]) -> Sequence[str]:
        """What stands in the settings and must appear in no reason and no log; without more, what the rule marks with `meta.secret`."""
        schema = {spec.key: spec.rule}
        rules = SectionRules(schema, (), SchemaValidator(schema, templates=False))
        return [secret for asked in (healthy, *sick.values()) for secret in rules.secret_values({spec.key: asked.settings})]

    @pytest.fixture
    def heavy_modules(self) -> Sequence[str]:
        """Modules, of a database's client for example, that must not be imported before a node is asked."""
        return ()

    @pytest.fixture
    def check(self, spec: HealthCheckSpec) -> CheckFunction:
        """The function, as Occopus finds it."""
        found: CheckFunction = load_object(spec.check)
        return found
