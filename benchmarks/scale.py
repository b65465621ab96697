"""How the processor time from files to a plan grows with a description of n nodes with two dependencies each."""

import gc
import time
from pathlib import Path

from occopus.settings import Settings
from occopus.workspace import Workspace

DEFINITIONS = """\
'node_def:worker':
  - resource: {type: local}
    contextualisation:
      type: cloudinit
      context_template:
        write_files:
          - {path: /srv/message.txt, content: "{{variables.message}} from {{name}} in {{infra_name}}"}
    health_check: {ping: false}
"""


def description(size: int) -> str:
    """Each node depends on two of the hundred before it, so the graph is neither a chain nor flat."""
    lines = ["infra_name: scale", "user_id: bench", "variables: {message: hello}", "nodes:"]
    lines += [f"  - &n{i}\n    name: n{i}\n    type: worker\n    variables: {{number: {i}}}" for i in range(size)]
    lines.append("dependencies:")
    for i in range(size):
        first, second = max(0, i - 1 - i % 7), max(0, i - 11 - i % 89)
        lines += [f"  - [ *n{i}, *n{dependee} ]" for dependee in (first, second) if dependee != i]
    return "\n".join(lines) + "\n"


def measure(size: int, folder: Path) -> dict[str, float]:
    (folder / "infra.yaml").write_text(description(size))
    (folder / "nodes.yaml").write_text(DEFINITIONS)
    workspace = Workspace(Settings(data_dir=folder, store_url="memory:"))
    gc.collect()
    begun = time.process_time()
    infrastructure = workspace.read([folder / "infra.yaml", folder / "nodes.yaml"]).infrastructure
    read = time.process_time()
    assert infrastructure is not None
    plan = workspace.plan_from_nothing(infrastructure)
    planned = time.process_time()
    assert len(plan.visible) == size
    return {"validate and compile": read - begun, "plan": planned - read, "together": planned - begun}
