"""Azure Container Instances as a backend of Occopus."""

__version__ = "2.0.0"
