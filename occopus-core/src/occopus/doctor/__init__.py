"""Looks at a user's files and installation: what must be changed, what is deprecated or in vain, and what is well."""
