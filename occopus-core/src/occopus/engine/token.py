"""Tokens of plans: with one, just the plan that was shown is carried out, or nothing.

A plan follows from the state, the description and chance. The token holds the seed of the chance and a digest of everything else, so
that the plan can be made again, and known to be the same.
"""

from __future__ import annotations

from occopus.engine.clock import Clock
from occopus.errors import StalePlan, UsageError
from occopus.model.infrastructure import Infrastructure
from occopus.model.node import digest
from occopus.model.plan import Plan

LENGTH = 16
"""Characters of each part."""


def new_seed(clock: Clock) -> str:
    return clock.new_id().replace("-", "")[-LENGTH:]


def make(seed: str, version: int, wanted: Infrastructure, plan: Plan) -> str:
    """The token of a plan that was made with a seed.

    `version` is that of the infrastructure's record. Every build makes a new one, so no token is good twice: ids are never used again.
    """
    steps = [[step.id, step.implementation, list(step.after)] for step in plan.steps.values()]
    return f"{seed}-{digest([version, wanted.source, steps])[:LENGTH]}"


def seed_of(token: str) -> str:
    """Raises:
    UsageError: it is none.
    """
    seed, dash, rest = token.partition("-")
    if not dash or len(seed) != LENGTH or len(rest) != LENGTH:
        raise UsageError(f"'{token}' is not the token of a plan", "'occopus plan -i ID INFRA' prints one")
    return seed


def refuse_unless(token: str, made: str) -> None:
    """Raises:
    StalePlan: the plan that was made now is not the one of the token.
    """
    if token != made:
        raise StalePlan("the infrastructure or its description has changed since this plan was made", "look at a new plan first")
