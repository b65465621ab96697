"""The service from one end to the other: the installed command, nodes that are real processes, and the shapes of the answers."""

from __future__ import annotations

import re
from pathlib import Path

from rest_world import NODES, Installed, describe

from occopus.testing.user import until

UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
EXAMPLE = Path(__file__).parents[3] / "examples" / "message"
SCALABLE = describe("web: type: plain, scaling: {min: 1, max: 3}")


def test_an_infrastructure_is_built_scaled_changed_and_destroyed(installed: Installed) -> None:
    client = installed.serve()
    answer = client.ask("POST", "/infrastructures/", json={"description": SCALABLE, "node_definitions": NODES})
    infra_id = answer.json()["infraid"]
    assert (answer.status_code, answer.json()) == (201, {"infraid": infra_id})
    assert answer.headers["Location"] == f"/infrastructures/{infra_id}"
    assert UUID.fullmatch(infra_id)
    assert client.get("/infrastructures/") == client.get("/infrastructures") == {"infrastructures": [infra_id]}

    until(lambda: client.is_built(infra_id), "the build")
    report = client.get(f"/infrastructures/{infra_id}")
    (instance,) = report["web"]["instances"].values()
    assert instance["state"] == "ready"
    assert instance["resource_address"].startswith("127.")
    assert report["web"]["scaling"] == {"actual": 1, "target": 1, "min": 1, "max": 3}
    assert client.get(f"/infrastructures/{infra_id}/plan")["steps"] == []
    (node_id,) = report["web"]["instances"]
    costs = {"web": {node_id: None}}
    assert client.get(f"/infrastructures/{infra_id}/cost") == {"totalcost": 0, "nodecosts": costs, **costs}

    path = f"/infrastructures/{infra_id}"
    told = {"infraid": infra_id, "nodename": "web"}
    assert client.post(f"{path}/scaleup/web") == {**told, "method": "scaleup", "count": 1}
    assert client.post(f"{path}/scaleup/web/1") == {**told, "method": "scaleup", "count": 1}
    until(lambda: len(installed.nodes) == 3, "three instances")
    assert client.post(f"{path}/scaledown/web/{node_id}") == {**told, "method": "scaledown", "nodeid": node_id}
    until(lambda: len(installed.nodes) == 2 and node_id not in installed.nodes, "the end of the one that was named")
    assert client.post(f"{path}/scaledown/web") == {**told, "method": "scaledown", "count": 1}
    until(lambda: len(installed.nodes) == 1, "the end of another")
    assert client.post(f"{path}/scaleto/web/2") == {**told, "method": "scaleto", "count": 2}
    until(lambda: len(installed.nodes) == 2, "two instances")

    assert client.put(path, json={"description": describe("web", "db")}) == {"infraid": infra_id}
    until(lambda: sorted(client.get(path)) == ["db", "web"] and client.is_built(infra_id), "the change")
    assert len(installed.nodes) == 2
    assert client.delete(path) == {"infraid": infra_id}
    until(lambda: client.is_gone(infra_id), "the end")
    assert installed.nodes == {}
    assert client.get("/infrastructures/") == {"infrastructures": []}
    assert "it was destroyed" in client.get(path, 404)["detail"]
    assert client.kinds(infra_id)[-1] == "destroyed"


def test_what_dies_is_replaced_until_it_is_detached(installed: Installed) -> None:
    client = installed.serve()
    infra_id = client.build(describe("web"), NODES)
    until(lambda: client.is_built(infra_id), "the build")
    (first,) = client.instances(infra_id, "web")
    installed.kill_node(first)
    until(lambda: client.instances(infra_id, "web").keys() not in ({first}, set()), "another")
    until(lambda: all(i["state"] == "ready" for i in client.instances(infra_id, "web").values()), "that it is ready")

    assert client.post(f"/infrastructures/{infra_id}/detach") == {"infraid": infra_id}
    assert client.get("/infrastructures/") == {"infrastructures": []}
    assert client.get("/infrastructures/?all") == {"infrastructures": [infra_id]}
    assert client.get(f"/infrastructures/{infra_id}/status")["attached"] is False
    (second,) = client.instances(infra_id, "web")
    installed.kill_node(second)
    marker = client.build(describe("other", name="other"))  # when this one is there, several rounds of the keeper have passed
    until(lambda: client.is_built(marker), "another build")
    assert list(client.instances(infra_id, "web")) == [second]

    assert client.post(f"/infrastructures/{infra_id}/attach") == {"infraid": infra_id}
    until(lambda: client.instances(infra_id, "web").keys() not in ({second}, set()), "another")
    for each in (infra_id, marker):
        client.delete(f"/infrastructures/{each}")
    until(lambda: client.is_gone(infra_id) and client.is_gone(marker), "the end")
    assert installed.nodes == {}


def test_files_come_together_with_what_they_import(installed: Installed) -> None:
    client = installed.serve()
    nodes = EXAMPLE / "nodes"
    imported = {f"any{number}": (file.name, file.read_bytes()) for number, file in enumerate(nodes.glob("cloud_init_*.yaml"))}
    files = {"description": EXAMPLE / "infra.yaml", "node_definitions": nodes / "node_definitions.yaml"}
    form = {field: (path.name, path.read_bytes()) for field, path in files.items()} | imported
    plan = client.post("/infrastructures/?dry_run", 200, files=form)
    assert [(step["action"], step["node"]) for step in plan["steps"]] == [("create", "receiver"), ("create", "sender")]
    assert client.get("/node_definitions") == {"node_definitions": []}, "a trial leaves nothing behind"
    assert client.get("/infrastructures/?all") == {"infrastructures": []}

    infra_id = client.post("/infrastructures/", 201, files=form)["infraid"]
    until(lambda: client.is_built(infra_id), "the build")
    ready = [event["node_name"] for event in client.get(f"/infrastructures/{infra_id}/events")["events"] if event["kind"] == "ready"]
    assert ready == ["receiver", "sender"]
    client.delete(f"/infrastructures/{infra_id}")
    until(lambda: client.is_gone(infra_id), "the end")


def test_a_failed_build_is_undone_and_the_events_say_why(installed: Installed) -> None:
    client = installed.serve()
    infra_id = client.build(describe("web", "bad: type: never, create_timeout: 1"), NODES)
    until(lambda: client.is_gone(infra_id), "the rollback")
    assert installed.nodes == {}
    assert client.get("/infrastructures/") == {"infrastructures": []}
    assert "its build failed" in client.get(f"/infrastructures/{infra_id}", 404)["detail"]
    assert client.kinds(infra_id)[0] == "build-started"
    assert [kind for kind in client.kinds(infra_id) if kind in ("rollback", "destroyed")] == ["rollback", "destroyed"]


def test_what_the_original_took_is_taken(installed: Installed) -> None:
    """`curl --data-binary @file`, with definitions that the command line imported."""
    installed.write("nodes.yaml", NODES)
    installed.run("occopus-import", "nodes.yaml")
    client = installed.serve()
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    infra_id = client.post("/infrastructures/", 201, data=describe("web").encode(), headers=headers)["infraid"]
    until(lambda: client.is_built(infra_id), "the build")
    assert installed.infras == [infra_id], "the command line sees it too"
    installed.run("occopus-destroy", "-i", infra_id)
    until(lambda: client.get("/infrastructures/") == {"infrastructures": []}, "that the service knows")
