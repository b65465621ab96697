"""Plays chef-client on a machine: registers itself, carries out the recipe `connect`, and reports that it has run.

usage: chef_client.py FILE   (in JSON, what cloud-init writes into client.rb, and the validation key)
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path
from typing import Any

from occopus_chef.node import attribute_of, overlaid, unfolded
from occopus_chef.server import ChefServer
from occopus_chef.signing import Signer

RECIPES = {"recipe[site::database]": {"site.database.ready": True}}
"""What recipes of the example set on their node."""


def registered(config: dict[str, str]) -> ChefServer:
    """The server, for a client of the machine's own; the validator's key is good for nothing but making one."""
    key = config.get("validation_cert") or config["validation_key"]
    validator = ChefServer(config["server_url"], Signer.of(config["validation_name"], key))
    made = validator._object("POST", "clients", "registering", {"name": config["node_name"], "create_key": True})
    return ChefServer(config["server_url"], Signer.of(config["node_name"], made["private_key"]))


def connect(server: ChefServer, connections: list[dict[str, str]]) -> dict[str, Any]:
    """For each connection, the attribute at its destination, as the source's machine reports it. Waits until it does."""
    found: dict[str, Any] = {}
    for each in connections:
        while (value := source(server, each["source_role"], each["source_attribute"])) is None:
            time.sleep(0.1)
        found = overlaid(found, unfolded({each["destination_attribute"]: value}))
    return found


def source(server: ChefServer, role: str, path: str) -> Any:
    for name in server.names("nodes"):
        node = server.get("nodes", name)
        if node and f"role[{role}]" in node["run_list"] and (value := attribute_of(node, path)) is not None:
            return value
    return None


def run(config: dict[str, str]) -> None:
    server = registered(config)
    node = server.get("nodes", config["node_name"])
    assert node, "it was made before the machine"
    assert node["chef_environment"] == config["environment"]
    normal = overlaid(node["normal"], connect(server, node["normal"]["connections"]))
    for recipe in node["run_list"]:
        normal = overlaid(normal, unfolded(RECIPES.get(recipe, {})))
    address = os.environ["OCCOPUS_NODE_ADDRESS"]
    automatic = {"ohai_time": time.time(), "ipaddress": address, "fqdn": f"host-{address.replace('.', '-')}.example.org"}
    server.replace("nodes", {**node, "normal": normal, "automatic": automatic})


if __name__ == "__main__":
    run(json.loads(Path(sys.argv[1]).read_text(), strict=False))  # a key has several lines
