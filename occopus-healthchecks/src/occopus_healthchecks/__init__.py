"""Health checks for Occopus: ping, TCP ports, URLs and MySQL databases."""

__version__ = "2.0.0"
