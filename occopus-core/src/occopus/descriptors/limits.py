"""How large a description may be. Whatever a file holds, reading it ends soon and within bounded memory."""

from __future__ import annotations

BYTES = 10 * 1024 * 1024
"""Of one file."""

DEPTH = 100
"""Levels of lists and mappings within each other, through aliases and imports too."""

NODES = 1_000_000
"""Keys, values, lists and mappings that are written in one description and its imports; merged keys count again."""

EXPANDED = 10_000_000
"""The same when every alias is written out; long texts count once more for every hundred characters."""

IMPORTS = 20
"""Files that import each other in a chain."""

FAULTS = 200
"""Faults that are reported for one description."""

TAG_DIRECTIVES = 50
"""`%TAG` lines of a file: the parser's time grows with their square."""

NUMBER = 400
"""Characters of a number."""
