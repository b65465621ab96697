"""The shapes of infrastructures that are measured: pairs of a node and one that it depends on, by number."""

from collections.abc import Iterator
from pathlib import Path

Edge = tuple[int, int]


def wide(size: int) -> Iterator[Edge]:
    """Nobody waits for anybody."""
    return iter(())


def chains(size: int) -> Iterator[Edge]:
    """Chains of 50, side by side."""
    return ((node, node - 1) for node in range(size) if node % 50)


def tree(size: int) -> Iterator[Edge]:
    """Each node waits for its parent in a binary tree."""
    return ((node, (node - 1) // 2) for node in range(1, size))


def tiers(size: int) -> Iterator[Edge]:
    """One node in a hundred is a database, nine are services on one of them, the rest are workers behind a service."""
    databases, services = size // 100, size // 10
    for node in range(databases, size):
        yield node, node % databases if node < services else databases + node % (services - databases)


SHAPES = {"wide": wide, "chains of 50": chains, "binary tree": tree, "three tiers": tiers}


def widths(size: int, edges: list[Edge]) -> list[int]:
    """How many nodes there are at each depth. A node comes after those that it depends on."""
    depth = [0] * size
    for dependent, dependee in sorted(edges):
        depth[dependent] = max(depth[dependent], depth[dependee] + 1)
    return [depth.count(level) for level in range(max(depth) + 1)]


DEFINITIONS = """\
'node_def:any':
  - resource: {type: still, input: "{{name}}"}
    health_check: {ping: false}
"""


def write(folder: Path, edges: list[Edge], nodes: int, instances: int = 1) -> list[Path]:
    """The files that describe so many nodes with so many instances each, on the still backend."""
    lines = ["infra_name: bench", "user_id: bench", "nodes:"]
    lines += [f"  - &n{i} {{name: n{i}, type: any, scaling: {{min: {instances}}}}}" for i in range(nodes)]
    lines += ["dependencies:"] if edges else []
    lines += [f"  - [ *n{dependent}, *n{dependee} ]" for dependent, dependee in edges]
    paths = [folder / "infra.yaml", folder / "nodes.yaml"]
    for path, text in zip(paths, ("\n".join([*lines, ""]), DEFINITIONS), strict=True):
        path.write_text(text)
    return paths
