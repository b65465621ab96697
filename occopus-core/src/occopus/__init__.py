"""Occopus: describes, builds, heals and scales machines and containers on any cloud."""

__version__ = "2.0.0"


def __getattr__(name: str) -> object:
    """`occopus.InfrastructureManager`, imported only where it is asked for: commands that do without it start quicker."""
    if name == "InfrastructureManager":
        from occopus.manager import InfrastructureManager  # noqa: PLC0415

        return InfrastructureManager
    raise AttributeError(f"module 'occopus' has no attribute '{name}'")
