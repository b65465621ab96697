"""Runs a function of a module here in a process of its own, so that time, memory and imports are those of nothing else. Its garbage
collector is set as that of a command.
"""

import gc
import importlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from occopus.cli.main import COLLECTOR

HERE = Path(__file__).parent


class Ended(NamedTuple):
    """What a function gave, and what its whole process took: seconds, seconds of processor time, bytes at most in memory."""

    value: Any
    wall: float
    cpu: float
    memory: float


def run(module: str, function: str, *args: Any, environment: Mapping[str, str] | None = None) -> Ended:
    """Call a function with plain arguments; it gives plain data back.

    Raises:
        SystemExit: it failed; what it said went to stderr.
    """
    command = [sys.executable, __file__, module, function, json.dumps(args)]
    begun = time.perf_counter()
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        assert process.stdout is not None
        said = process.stdout.read()
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    wall = time.perf_counter() - begun
    if process.returncode:
        raise SystemExit(f"{module}.{function}{args} ended with {process.returncode}\n{said}")
    unit = 1 if sys.platform == "darwin" else 1024
    return Ended(json.loads(said.splitlines()[-1]), wall, used.ru_utime + used.ru_stime, used.ru_maxrss * unit)


if __name__ == "__main__":
    sys.path.insert(0, str(HERE))
    gc.set_threshold(*COLLECTOR)
    _, name, wanted, given = sys.argv
    print(json.dumps(getattr(importlib.import_module(name), wanted)(*json.loads(given))))
