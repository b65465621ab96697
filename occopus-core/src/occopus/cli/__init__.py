"""The commands. Each module holds one; none holds any logic of its own."""
