"""Descriptions in: YAML, always read safely, with the place of every key and value."""
