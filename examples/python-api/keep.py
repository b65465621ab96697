"""A program that builds an infrastructure, keeps it, and removes it; its nodes are processes on this machine."""

import time

from occopus import InfrastructureManager

DESCRIPTION = {
    "infra_name": "kept-by-a-program",
    "user_id": "me",
    "nodes": [
        {"name": "server", "type": "server"},
        {"name": "worker", "type": "worker", "scaling": {"min": 2, "max": 4}},
    ],
    "dependencies": [["worker", "server"]],
}
DEFINITIONS = {
    "node_def:server": [
        {
            "resource": {"type": "local"},
            "contextualisation": {
                "type": "cloudinit",
                "context_template": '#cloud-config\nruncmd:\n  - exec python3 -m http.server 8080 --bind "$OCCOPUS_NODE_ADDRESS"\n',
            },
            "health_check": {"ports": [8080]},
        }
    ],
    "node_def:worker": [
        {
            "resource": {"type": "local"},
            "contextualisation": {
                "type": "cloudinit",
                "context_template": "#cloud-config\nwrite_files:\n  - {path: server, content: '{{ getip(\"server\") }}'}\n",
            },
            "health_check": {"ping": False},
        }
    ],
}


def main() -> None:
    manager = InfrastructureManager.open()
    infrastructure = manager.compile(DESCRIPTION, DEFINITIONS)
    print(
        "to be made:",
        ", ".join(step.node_name for step in manager.plan_from_nothing(infrastructure).visible),
    )

    infra_id = manager.submit_infrastructure(infrastructure)
    maintenance = manager.start_provisioning(infra_id, interval=0.5)
    try:
        show(manager, infra_id, ready=3)
        print("asked for:", manager.scale(infra_id, "worker", change=1))
        show(manager, infra_id, ready=4)
    finally:
        manager.stop_provisioning(infra_id)
        manager.tear_down(infra_id)
    print("kept by", type(maintenance).__name__, "until it was removed:", infra_id not in [each.infra_id for each in manager.list()])


def show(manager: InfrastructureManager, infra_id: str, ready: int) -> None:
    """Wait until so many instances are ready, and say where they are."""
    while True:
        _, instances = manager.report(infra_id)
        if sum(instance.state == "ready" for instance in instances) == ready:
            break
        time.sleep(0.2)
    for instance in instances:
        print(f"{instance.node_name:8} {instance.state} at {instance.address}")


if __name__ == "__main__":
    main()
