"""The programs in examples/python-api, as a user runs them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[1] / "examples"


@pytest.fixture
def run(tmp_path: Path):
    """Runs a program of the examples to its end; what it prints."""
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "OCCOPUS_DATA_DIR": str(tmp_path / "data"), "NO_PROXY": "*"}

    def to_its_end(*command: str | Path) -> str:
        program = [sys.executable, *command]
        done = subprocess.run(program, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=120, check=False)
        assert done.returncode == 0, done.stderr
        assert "Traceback" not in done.stderr
        return done.stdout

    return to_its_end


def test_a_program_that_keeps_an_infrastructure(run) -> None:
    said = run(EXAMPLES / "python-api" / "keep.py").splitlines()
    assert said[0] == "to be made: server, worker, worker"
    assert [line.split()[0] for line in said if " ready at 127." in line].count("worker") == 2 + 3
    assert "asked for: worker: 2 -> 3 wanted" in said
    assert said[-1] == "kept by Maintenance until it was removed: True"


def test_a_program_of_the_original(run, tmp_path: Path) -> None:
    nodes = {"node_def:plain": [{"resource": {"type": "local"}, "health_check": {"ping": False}}]}
    infra = {"infra_name": "old", "user_id": "me", "nodes": [{"name": "one", "type": "plain"}]}
    for name, data in {"nodes.yaml": nodes, "infra.yaml": infra}.items():
        (tmp_path / name).write_text(json.dumps(data))
    run("-m", "occopus", "import", "nodes.yaml")
    said = run(EXAMPLES / "python-api" / "original.py", "infra.yaml")
    assert said.splitlines()[1:] == ["no longer maintained", "removed"]
