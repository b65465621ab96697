"""Chef as a config manager of Occopus."""

__version__ = "2.0.0"
