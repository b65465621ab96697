"""Amazon EC2, and clouds with the same interface, as a backend of Occopus."""

__version__ = "2.0.0"
