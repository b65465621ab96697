"""The config manager: it gives templates what they need to apply manifests, and that is all."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from occopus.model.infrastructure import InfraId
from occopus.model.instance import NodeId, NodeState
from occopus.model.node import Section
from occopus.plugins import ConfigManager, NodeRegistration

NOT_IN_YAML = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ud800-\udfff\ufffe\uffff]")
"""Characters that JSON may have as they are, but that YAML may not, or that end a line somewhere."""


class PuppetSoloManager(ConfigManager):
    """Without a server nobody is told of nodes, and nobody tells how far they are: that is for their health checks."""

    def prepare_infrastructure(self, infra_id: InfraId) -> None:
        """There is nothing to prepare."""

    def drop_infrastructure(self, infra_id: InfraId) -> None:
        """There is nothing to drop."""

    def register_node(self, node: NodeRegistration) -> None:
        """Its user data has all that it needs."""

    def drop_node(self, infra_id: InfraId, node_id: NodeId) -> None:
        """There is nothing to drop."""

    def states(self, node_ids: Sequence[NodeId]) -> Mapping[NodeId, NodeState]:
        return dict.fromkeys(node_ids, NodeState.READY)

    def attribute(self, node_id: NodeId, path: str) -> None:
        return None

    @classmethod
    def variables(cls, section: Section) -> Mapping[str, Any]:
        """`puppet`, with manifests, modules and attributes as published templates expect them: separated by blanks. `hieradata` has the
        attributes as one line of JSON, which is YAML, too.
        """
        pairs: Sequence[Mapping[str, Any]] = section.get("attributes") or ()
        return {
            "puppet": {
                "manifests": " ".join(section["manifests"]),
                "modules": " ".join(section.get("modules") or ()),
                "attributes": " ".join(str(dict(pair)) for pair in pairs),
                "hieradata": _one_line({name: value for pair in pairs for name, value in pair.items()}),
            }
        }


def _one_line(data: Mapping[str, Any]) -> str:
    return NOT_IN_YAML.sub(lambda found: f"\\u{ord(found[0]):04x}", json.dumps(data, ensure_ascii=False))
