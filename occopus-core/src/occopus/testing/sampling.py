"""How many of the moments at which something can go wrong a test tries."""

from __future__ import annotations

import os


def sampled(moments: range, every: int) -> range:
    """One in so many, from the first on. With `OCCOPUS_STRIDE=1` in the environment it is all of them, with another number one in that."""
    return moments[:: int(os.environ.get("OCCOPUS_STRIDE", every))]
