"""Occopus as a service: HTTP in front of the manager, and the keeper behind it."""
