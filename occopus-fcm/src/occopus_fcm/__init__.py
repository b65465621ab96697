"""Firebase Cloud Messaging as a notifier of Occopus."""

__version__ = "2.0.0"
