"""Hostile files, each read by a process of its own with little memory: a fault in words, soon, and no crash."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from occopus.descriptors import limits

READ = """
import json, resource, sys, time
from occopus.descriptors.loader import load_file
from occopus.diagnostics import Diagnostics
limit = 1024 * 1024 * 1024
resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
diagnostics = Diagnostics()
begin = time.monotonic()
load_file(sys.argv[1], diagnostics)
faults = [str(fault) for fault in diagnostics.faults]
print(json.dumps([time.monotonic() - begin, faults]))
"""


def billion_laughs() -> str:
    return "a0: &a0 [x, x]\n" + "".join(f"a{i}: &a{i} [*a{i - 1}, *a{i - 1}]\n" for i in range(1, 60))


def merge_bomb() -> str:
    base = "a: &a {" + ", ".join(f"k{i}: 1" for i in range(5_000)) + "}\n"
    return base + "".join(f"m{i}: {{<<: *a}}\n" for i in range(5_000))


def alias_ladder() -> str:
    return "a0: &a0 [x]\n" + "".join(f"a{i}: &a{i} [*a{i - 1}]\n" for i in range(1, 5_000))


def long_text_repeated() -> str:
    return f"a: &a {'x' * 1_000_000}\nb: [{', '.join(['*a'] * 10_000)}]\n"


BOMBS: dict[str, tuple[Callable[[], str], str | None]] = {
    "brackets": (lambda: "[" * 100_000, "nested deeper than 100 levels"),
    "braces": (lambda: "{a: " * 100_000, "nested deeper than 100 levels"),
    "dashes": (lambda: "- " * 100_000, "nested deeper than 100 levels"),
    "questions": (lambda: "? " * 100_000, "nested deeper than 100 levels"),
    "indentation": (lambda: "".join(f"{' ' * i}a:\n" for i in range(2_000)), "nested deeper than 100 levels"),
    "aliases in aliases": (alias_ladder, "nested deeper than 100 levels"),
    "billion laughs": (billion_laughs, "written out with all its aliases this would be too large"),
    "long text repeated": (long_text_repeated, "written out with all its aliases this would be too large"),
    "merges": (merge_bomb, f"the description has more than {limits.NODES:,} keys and values"),
    "tag directives": (lambda: "".join(f"%TAG !a{i}! b\n" for i in range(100_000)) + "--- x", "'%TAG' lines"),
    "colons in a number": (lambda: "a: 1" + ":1" * 300_000, "is written like a number"),
    "a long line": (lambda: f"a: {'x' * 1_000_000}\n", None),
    "a long line with a fault": (lambda: f"a: {'x' * 1_000_000}: b\n", "a ':' is not expected here"),
    "a line of quotes": (lambda: '"' + "\\" * 999_998, "the quotes that begin here are not closed"),
    "undefined aliases": (lambda: "".join(f"- *a{i}\n" for i in range(100_000)), f"more than {limits.FAULTS} faults"),
    "too large": (lambda: "a" * (limits.BYTES + 1), "is larger than 10 MB"),
    "many anchors": (lambda: "".join(f"- &a{i} x\n" for i in range(50_000)), None),
}


@pytest.mark.timeout(60)
@pytest.mark.parametrize("name", BOMBS)
def test_hostile_files_are_read_or_refused(tmp_path: Path, name: str) -> None:
    make, message = BOMBS[name]
    file = tmp_path / "bomb.yaml"
    file.write_text(make())
    done = subprocess.run([sys.executable, "-c", READ, str(file)], capture_output=True, text=True, timeout=50, check=False)
    assert done.returncode == 0, done.stderr[-500:]
    seconds, faults = json.loads(done.stdout)
    assert seconds < 10
    if message is None:
        assert faults == []
    else:
        assert message in "\n".join(faults)
        assert max(len(fault) for fault in faults) < 1_000
