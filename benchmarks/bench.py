"""Prints one table: what Occopus takes, beside the least that is possible. `--peer terraform` adds what Terraform's engine takes."""

import argparse
import importlib
import os
import sys
import time

from table import heading, line

SUBJECTS = ("startup", "growth", "building", "upkeep", "makespan", "service", "ec2")
PEERS = ("terraform",)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", nargs="+", choices=SUBJECTS, default=SUBJECTS, help="measure only these")
    parser.add_argument("--peer", choices=PEERS, help="also measure this one in the same run, and compare")
    chosen = parser.parse_args()
    begun = time.perf_counter()
    print(heading(), flush=True)
    for subject in [*chosen.only, *([chosen.peer] if chosen.peer else [])]:
        for row in importlib.import_module(subject).rows():
            print(line(row), flush=True)
    load = ", ".join(f"{each:.1f}" for each in os.getloadavg())
    print(f"Python {sys.version.split()[0]}, {os.cpu_count()} processors, load {load}; {time.perf_counter() - begun:.0f} s")


if __name__ == "__main__":
    main()
