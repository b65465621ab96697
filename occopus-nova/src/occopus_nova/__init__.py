"""OpenStack for Occopus."""

__version__ = "2.0.0"
