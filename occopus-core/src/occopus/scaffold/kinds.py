"""The kinds of plugins that can be begun."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Kind:
    """`noun` is what the contract calls it, `summary` what the new package says of itself, `topic` that of PyPI's classifiers."""

    noun: str
    summary: str
    topic: str


KINDS = {
    "resource": Kind("resource handler", "Servers of {}", "Clustering"),
    "contextualiser": Kind("contextualiser", "Shell scripts from {} as user data", "Systems Administration"),
    "config-manager": Kind("config manager", "Nodes configured by {}", "Installation/Setup"),
    "health-check": Kind("health check", "The health check {}", "Monitoring"),
    "notifier": Kind("notifier", "Events sent to {}", "Monitoring"),
}
"""By the name that authors give on the command line, which is also that of the folder of templates."""
