"""How long commands take to start, beside an empty Python started in turn with them.

Prints the median of each and of the ratios, pair by pair, since the machine's speed drifts.
"""

import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

RUNS = 31
EXAMPLE = Path(__file__).parent.parent / "examples" / "message"
OCCOPUS = str(Path(sys.executable).with_name("occopus"))

COMMANDS = {
    "occopus --help": ([OCCOPUS, "--help"], 3),
    "occopus validate": ([OCCOPUS, "validate", str(EXAMPLE / "infra.yaml"), str(EXAMPLE / "nodes/node_definitions.yaml")], 6),
}
"""By name: what is run, and the ratio that is aimed at."""


def seconds(command: list[str], environment: dict[str, str]) -> float:
    begun = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True, env=environment)
    return time.perf_counter() - begun


def main() -> None:
    with tempfile.TemporaryDirectory() as data_dir:
        environment = {"PATH": "/usr/bin:/bin", "OCCOPUS_DATA_DIR": data_dir, "HOME": data_dir}
        print(f"{'command':<18} {'median':>9} {'python -c pass':>15} {'ratio':>6} {'aim':>4}")
        for name, (command, aim) in COMMANDS.items():
            pairs = [(seconds(command, environment), seconds([sys.executable, "-c", "pass"], environment)) for _ in range(RUNS + 2)][2:]
            own, empty = (statistics.median(column) for column in zip(*pairs, strict=True))
            ratio = statistics.median(a / b for a, b in pairs)
            print(f"{name:<18} {own * 1000:7.1f}ms {empty * 1000:13.1f}ms {ratio:6.2f} {aim:4}")


if __name__ == "__main__":
    main()
