"""How long commands take to start, beside an empty Python started in turn with them, since the machine's speed drifts."""

import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from table import Row

RUNS = 31
EXAMPLE = Path(__file__).parent.parent / "examples" / "message"
OCCOPUS = str(Path(sys.executable).with_name("occopus"))

COMMANDS = {
    "occopus --help": ([OCCOPUS, "--help"], 3),
    "occopus validate": ([OCCOPUS, "validate", str(EXAMPLE / "infra.yaml"), str(EXAMPLE / "nodes/node_definitions.yaml")], 6),
}
"""By name: what is run, and the ratio that is aimed at."""


def rows() -> Iterator[Row]:
    with tempfile.TemporaryDirectory() as data_dir:
        environment = {"PATH": "/usr/bin:/bin", "OCCOPUS_DATA_DIR": data_dir, "HOME": data_dir}
        for name, (command, aim) in COMMANDS.items():
            pairs = [(seconds(command, environment), seconds([sys.executable, "-c", "pass"], environment)) for _ in range(RUNS + 2)][2:]
            own, empty = (statistics.median(column) for column in zip(*pairs, strict=True))
            yield Row(name, "", own, empty, "python -c pass", ratio=aim)


def seconds(command: list[str], environment: dict[str, str]) -> float:
    begun = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True, env=environment)
    return time.perf_counter() - begun
