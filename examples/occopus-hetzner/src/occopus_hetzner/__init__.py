"""Servers of Hetzner Cloud for Occopus."""
