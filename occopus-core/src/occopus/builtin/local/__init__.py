"""Nodes as supervised groups of processes on this machine."""
