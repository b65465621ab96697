"""Programs that use a store from processes of their own. Whoever starts one puts lines before it that make the `store`."""

from __future__ import annotations

import subprocess

IMPORTS = """
import sys, time
from occopus.errors import LeaseHeld, VersionConflict
from occopus.store.base import Append, Key, Put
"""

COUNT = """
done = 0
while done < 40:
    record = store.get(Key("thing", "scope", "name"))
    change = Put(Key("thing", "scope", "name"), {"count": record.value["count"] + 1 if record else 1}, record.version if record else 0)
    try:
        store.write([change, Append("log", "scope", {})])
        done += 1
    except VersionConflict:
        pass
"""

BATCHES = """
for number in range(1_000_000):
    store.write([Put(Key("part", "scope", str(part)), {"number": number, "text": "x" * 2000}, None) for part in range(30)])
    print(number, flush=True)
"""


def finish(processes: list[subprocess.Popen[str]]) -> list[str]:
    """What each printed; all must end well."""
    printed = [process.communicate(timeout=60)[0].strip() for process in processes]
    assert [process.returncode for process in processes] == [0] * len(processes)
    return printed
