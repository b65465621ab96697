"""What schemathesis checks besides: an answer tells nobody where things are on the service's machine, and no secret."""

from __future__ import annotations

import os
from typing import Any

import schemathesis

FORBIDDEN = [*os.environ["OCCOPUS_FORBIDDEN"].split(os.pathsep), "Traceback", 'File "', "site-packages"]


@schemathesis.check
def tells_nothing(ctx: Any, response: Any, case: Any) -> None:
    """Fails where an answer holds what it should not, and nobody sent it."""
    sent = f"{case.body} {case.path_parameters} {case.query} {case.headers}"
    found = [each for each in FORBIDDEN if each in response.text and each not in sent]
    assert not found, f"it tells {found}"
