"""Occopus: describes, builds, heals and scales machines and containers on any cloud."""

__version__ = "2.0.0"
