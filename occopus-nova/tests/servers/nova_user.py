"""A user of OpenStack, who describes nodes and builds them side by side."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from occopus.testing.user import User

CLOUD_CONFIG = "#cloud-config\nwrite_files:\n- path: /tmp/hello\n  content: '{{ variables.message }} from {{ name }}'\n"
DESCRIBED = ("infra.yaml", "--nodes", "nodes.yaml")


@dataclass
class NovaUser(User):
    def describe(
        self,
        auth_data: dict[str, Any],
        *implementations: dict[str, Any],
        nodes: dict[str, int] | None = None,
        types: dict[str, list[dict[str, Any]]] | None = None,
        **more: Any,
    ) -> None:
        """Nodes with how many there are to be. Each has the implementations (resource sections) that `types` has under its name, or else
        those that are given for all.
        """
        nodes, types = nodes or {"web": 1}, types or {}
        listed = [
            {"name": name, "type": name if name in types else "machine", "scaling": {"min": count, "max": 20}, "create_timeout": 240}
            for name, count in nodes.items()
        ]
        context = {"type": "cloudinit", "context_template": CLOUD_CONFIG}
        definitions = {
            f"node_def:{type}": [{"resource": each, "contextualisation": context, "health_check": {"ping": False}} for each in sections]
            for type, sections in {"machine": implementations, **types}.items()
            if sections
        }
        infra = {"infra_name": "test", "user_id": "me", "nodes": listed, "variables": {"message": "Hello"}, **more}
        self.write("infra.yaml", json.dumps(infra))
        self.write("nodes.yaml", json.dumps(definitions))
        self.log_in(auth_data)

    def log_in(self, auth_data: dict[str, Any]) -> None:
        """With these from now on."""
        secrets = tuple(value for key, value in auth_data.items() if key in ("password", "secret"))
        self.authenticate("nova", auth_data, secrets=secrets)

    def build(self, *args: str | Path) -> str:
        return super().build(*(args or DESCRIBED), "--parallelize")

    def fail_to_build(self) -> str:
        """What a build says that fails."""
        return self.run("occopus-build", *DESCRIBED, "--parallelize", code=1).stderr

    def maintain(self, infra_id: str) -> None:
        self.run("occopus-maintain", "-i", infra_id, "--parallelize")

    def destroy(self, infra_id: str) -> None:
        self.run("occopus-destroy", "-i", infra_id, "--parallelize")

    def addresses(self, infra_id: str, node: str = "web") -> list[list[str]]:
        """Of a node's instances, each with its first one first."""
        return [instance["addresses"] for instance in self.report(infra_id, node).values()]
