"""What is sent to the service: all the forms it may have, its limits, and what of it is refused."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from rest_world import Client, House, describe

from occopus.diagnostics import DescriptionError
from occopus.rest.services import Patience
from occopus.testing.cloud import Cloud
from occopus.testing.user import until

ENDPOINT = "uploads"
DEFINITIONS = House(Path()).definitions(ENDPOINT)
YAML_TYPES = ("application/yaml", "application/x-yaml", "text/yaml", "text/plain", "application/x-www-form-urlencoded", "")


@pytest.fixture
def client(house: House) -> Client:
    return house.open()


@pytest.fixture
def plan(client: Client) -> Callable[..., Any]:
    """Sends something to be planned; gives the nodes that would be made, or the problem where that is not the answer."""

    def send(status: int = 200, **options: Any) -> Any:
        answer = client.post("/infrastructures/?dry_run=true", status, **options)
        return [step["node"] for step in answer["steps"]] if status == 200 else answer

    return send


def form(**files: str) -> dict[str, Any]:
    """The files of a form; a name may stand before the content: "name.yaml|content"."""
    parts = {field: text.partition("|") if "|" in text.partition("\n")[0] else (field, "", text) for field, text in files.items()}
    return {field: (name, content.encode()) for field, (name, _, content) in parts.items()}


@pytest.mark.parametrize("kind", YAML_TYPES)
def test_a_description_alone_is_taken_under_every_name_of_yaml(client: Client, plan: Any, kind: str) -> None:
    client.post("/node_definitions", 200, data=DEFINITIONS.encode())
    headers = {"Content-Type": kind} if kind else {}
    assert plan(data=describe("a", "b").encode(), headers=headers) == ["a", "b"]


@pytest.mark.parametrize("as_object", [False, True])
def test_json_holds_yaml_as_text_or_as_an_object(plan: Any, as_object: bool) -> None:
    if not as_object:
        assert plan(json={"description": describe("a"), "node_definitions": DEFINITIONS}) == ["a"]
        return
    description = {"infra_name": "x", "user_id": "ümlaut 😀", "nodes": [{"name": "a", "type": "plain"}]}
    definitions = {"node_def:plain": [{"resource": {"type": "cloud", "endpoint": ENDPOINT}}]}
    assert plan(json={"description": description, "node_definitions": definitions}) == ["a"]


def test_a_form_brings_files_that_import_each_other(plan: Any) -> None:
    definitions = "'node_def:plain': !yaml_import {url: file://parts/plain.yaml}\n"
    part = f"- resource: {{type: cloud, endpoint: {ENDPOINT}}}\n  contextualisation: !yaml_import {{url: file://context.yaml}}\n"
    context = "type: cloudinit\ncontext_template: !text_import {url: 'file://../text.txt'}\n"
    files = form(
        description="infra.yaml|" + describe("a"),
        node_definitions="nodes.yaml|" + definitions,
        first="parts/plain.yaml|" + part,
        second="parts/context.yaml|" + context,
        third="text.txt|hello",
    )
    assert plan(files=files) == ["a"]
    flat = files | form(first="plain.yaml|" + part, second="context.yaml|" + context)
    assert plan(files=flat) == ["a"], "browsers and curl send names without folders"


@pytest.mark.parametrize(
    "url",
    [
        "/etc/passwd",
        "///etc/passwd",
        "../../../../etc/passwd",
        "/proc/self/environ",
        "~/.ssh/id_rsa",
        "occopus.db",
        "%2Fetc%2Fpasswd",
    ],
)
@pytest.mark.parametrize("tag", ["yaml_import", "text_import"])
def test_nothing_of_the_services_own_disk_is_imported(plan: Any, house: House, tag: str, url: str) -> None:
    (house.folder / "occopus.db").write_text("secret: canary")
    description = describe("a") + f"variables: {{x: !{tag} {{url: 'file://{url}'}}}}\n"
    problem = plan(422, json={"description": description, "node_definitions": DEFINITIONS})
    assert "is not among the files that were sent" in problem["errors"][0]["message"]
    assert (problem["errors"][0]["file"], problem["errors"][0]["line"]) == ("description", 6)
    assert "root:" not in json.dumps(problem)


@pytest.mark.parametrize("url", ["http://127.0.0.1/x", "ftp://host/x", "gopher://x"])
def test_nothing_is_fetched(plan: Any, url: str) -> None:
    problem = plan(422, json={"description": describe("a") + f"variables: {{x: !yaml_import {{url: '{url}'}}}}\n"})
    assert "only file:// is supported" in json.dumps(problem)


@pytest.mark.parametrize("place", ["{env: HOME}", "{file: /etc/hostname}", "{keyring: a/b}"])
def test_secrets_of_the_services_machine_are_refused(plan: Any, place: str) -> None:
    problem = plan(422, json={"description": describe("a") + f"variables: {{x: !secret {place}}}\n", "node_definitions": DEFINITIONS})
    assert "'!secret' is not allowed here" in problem["errors"][0]["message"]


def test_what_looks_like_a_stored_secret_is_none(plan: Any, house: House, client: Client, new_cloud: Callable[[str], Cloud]) -> None:
    """The form in which the store keeps references can't be sent: it stays what it is, plain data."""
    description = {"infra_name": "x", "nodes": [{"name": "a", "type": "plain"}], "variables": {"x": {"!secret": {"env": "HOME"}}}}
    assert plan(json={"description": description, "node_definitions": DEFINITIONS}) == ["a"]
    infra_id = client.post("/infrastructures", 201, json={"description": description, "node_definitions": DEFINITIONS})["infraid"]
    assert house.manager().described(infra_id).nodes["a"].variables == {"x": {"!secret": {"env": "HOME"}}}


class TestLocalPrograms:
    CMD = DEFINITIONS + "    contextualisation: {type: cloudinit, context_template: \"{{ cmd('touch /tmp/x') }}\"}\n"
    HIDDEN = DEFINITIONS + '    contextualisation: {type: cloudinit, context_template: "{% set run = cmd %}{{ run(variables.v) }}"}\n'
    LOCAL = "'node_def:plain':\n  - resource: {type: local}\n"

    @pytest.mark.parametrize("definitions", [CMD, HIDDEN, LOCAL])
    @pytest.mark.parametrize("path", ["/infrastructures", "/infrastructures?dry_run"])
    def test_they_are_refused(self, client: Client, definitions: str, path: str) -> None:
        description = describe("a") + "variables: {v: touch}\n"
        problem = client.post(path, 422, json={"description": description, "node_definitions": definitions})
        (fault,) = [fault for fault in problem["errors"] if fault["severity"] == "error"]
        assert "on the machine of the service" in fault["message"]
        assert "--allow-local-commands" in fault["hint"]
        assert fault["file"] == "node_definitions"
        assert client.get("/infrastructures/?all") == {"infrastructures": []}

    @pytest.mark.parametrize("definitions", [CMD, HIDDEN, LOCAL])
    def test_whoever_runs_the_service_can_allow_them(self, house: House, definitions: str) -> None:
        house.options = {"local_commands": True}
        sent = {"description": describe("a") + "variables: {v: 'true'}\n", "node_definitions": definitions}
        assert house.open().post("/infrastructures?dry_run", 200, json=sent)["steps"]

    def test_what_was_built_on_the_command_line_is_not_run_either(self, house: House, client: Client) -> None:
        """Attached by an admin, it fails in every pass, and its nodes are left alone."""
        manager = house.manager()
        (house.folder / "infra.yaml").write_text(describe("a"))
        (house.folder / "nodes.yaml").write_text(self.LOCAL)
        infrastructure = manager.read([house.folder / "infra.yaml", house.folder / "nodes.yaml"]).infrastructure
        assert infrastructure
        infra_id = manager.build(infrastructure).instances[0].infra_id
        try:
            client.post(f"/infrastructures/{infra_id}/attach")
            run = until(lambda: client.get(f"/infrastructures/{infra_id}/status")["last_run"], "a pass")
            assert run["result"] == "failed"
            assert "on the machine of the service" in run["problem"]
            client.post(f"/infrastructures/{infra_id}/detach")
        finally:
            manager.destroy(infra_id)


def test_what_there_are_no_right_credentials_for_is_refused(house: House) -> None:
    authentication = house.folder / "auth_data.yaml"
    authentication.write_text("resource: [{type: cloud, auth_data: {password: [canary]}}]")
    house.settings = {"auth_data_path": authentication}
    client = house.open()
    problem = client.post("/infrastructures", 422, json={"description": describe("a"), "node_definitions": DEFINITIONS})
    assert "the credentials for cloud are not right" in problem["detail"]
    assert not [word for word in ("canary", str(house.folder)) if word in json.dumps(problem)]
    assert client.get("/infrastructures/?all") == {"infrastructures": []}
    assert client.get("/node_definitions") == {"node_definitions": []}


def test_faults_come_as_on_the_command_line(client: Client, house: House) -> None:
    description = describe("a: type: plaim", "a", depends="[[a, c]]")
    problem = client.post("/infrastructures", 422, json={"description": description, "node_definitions": DEFINITIONS})
    (house.folder / "description").write_text(description)
    (house.folder / "node_definitions").write_text(DEFINITIONS)
    with pytest.raises(DescriptionError) as raised:
        house.manager().read([house.folder / "description", house.folder / "node_definitions"])
    told = [(fault.message, fault.hint, fault.position.line, fault.position.column) for fault in raised.value.faults if fault.position]
    assert [(fault["message"], fault["hint"], fault["line"], fault["column"]) for fault in problem["errors"]] == told
    assert len(told) >= 3
    assert (problem["status"], problem["title"]) == (422, "Unprocessable Entity")


@pytest.mark.parametrize(
    ("status", "options"),
    [
        (415, {"data": b"<x/>", "headers": {"Content-Type": "application/xml"}}),
        (400, {"data": b"{", "headers": {"Content-Type": "application/json"}}),
        (400, {"data": b"\xff\xfe", "headers": {"Content-Type": "application/json"}}),
        (400, {"data": b'{"description": "\\ud800"}', "headers": {"Content-Type": "application/json"}}),
        (400, {"data": b"[" * 100_000, "headers": {"Content-Type": "application/json"}}),
        (422, {"json": []}),
        (422, {"json": {"node_definitions": DEFINITIONS}}),
        (422, {"json": {"description": describe("a"), "more": 1}}),
        (422, {"json": {"description": 7}}),
        (422, {"json": {"description": DEFINITIONS}}),
        (422, {"data": b""}),
        (422, {"data": b"\x00"}),
        (422, {"data": b"\xff\xfe\xfd"}),
        (422, {"files": {"other": ("a", b"x")}}),
        (422, {"files": [("description", ("a", b"x")), ("b", ("a", b"y"))]}),
        (422, {"files": {"description": ("a\tb", b"x")}}),
        (400, {"data": b"nothing", "headers": {"Content-Type": "multipart/form-data; boundary=x"}}),
        (400, {"data": b"nothing", "headers": {"Content-Type": "multipart/form-data"}}),
        (413, {"data": b"x" * 3000}),
    ],
)
def test_what_is_not_right_is_a_problem(house: House, status: int, options: dict[str, Any]) -> None:
    if status == 413:
        house.settings = {"rest_body_limit": 2999}
    client = house.open()
    problem = client.post("/infrastructures", status, **options)
    assert problem["status"] == status
    assert problem["detail"]


def test_a_body_without_a_length_is_limited_too(house: House) -> None:
    house.settings = {"rest_body_limit": 1000}
    client = house.open()

    def endless() -> Iterator[bytes]:
        for _ in range(2000):
            yield b"x" * 1000

    try:
        answer = client.ask("POST", "/infrastructures", data=endless())
    except OSError:  # the service may close while it is still being sent to
        return
    assert answer.status_code == 413


def test_a_body_that_does_not_come_is_not_waited_for(house: House) -> None:
    house.options = {"patience": Patience(body=0.3)}
    client = house.open()
    with socket.create_connection(("127.0.0.1", int(client.url.rpartition(":")[2])), timeout=30) as line:
        line.sendall(b"POST /infrastructures HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\nx")
        assert line.recv(1000).startswith(b"HTTP/1.1 408 ")


def test_headers_that_do_not_come_are_not_waited_for(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("occopus.rest.server.HEADERS_SECONDS", 0.3)
    client = house.open()
    with socket.create_connection(("127.0.0.1", int(client.url.rpartition(":")[2])), timeout=30) as line:
        line.sendall(b"GET / HTTP/1.1\r\n")
        assert line.recv(1000) == b""
    with socket.create_connection(("127.0.0.1", int(client.url.rpartition(":")[2])), timeout=30) as line:
        assert line.recv(1000) == b""
    with socket.create_connection(("127.0.0.1", int(client.url.rpartition(":")[2])), timeout=30) as line:
        line.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
        answer = b""
        while not answer.endswith(b"}"):
            answer += line.recv(10_000)
        line.sendall(b"GET /healthz HTTP/1.1\r\n")
        assert line.recv(1000) == b"", "nor is the rest of a second request"
    assert client.get("/healthz")


class TestDefinitions:
    def test_they_are_imported_listed_changed_and_removed(self, client: Client) -> None:
        assert client.post("/node_definitions", 200, data=DEFINITIONS.encode()) == {"node_definitions": ["plain"]}
        assert client.get("/node_definitions/") == {"node_definitions": ["plain"]}
        found = client.get("/node_definitions/plain")
        assert found["node_def:plain"][0]["resource"] == {"type": "cloud", "endpoint": ENDPOINT}
        changed = "'node_def:plain': [{resource: {type: cloud, endpoint: other}}]"
        client.put("/node_definitions/plain", 204, data=changed.encode())
        assert client.get("/node_definitions/plain")["node_def:plain"][0]["resource"]["endpoint"] == "other"
        client.delete("/node_definitions/plain", 204)
        client.get("/node_definitions/plain", 404)
        client.delete("/node_definitions/plain", 404)
        assert client.get("/node_definitions") == {"node_definitions": []}

    def test_one_is_put_under_its_own_name(self, client: Client) -> None:
        problem = client.put("/node_definitions/other", 422, data=DEFINITIONS.encode())
        assert "'node_def:other'" in problem["hint"]
        assert client.get("/node_definitions") == {"node_definitions": []}

    def test_passwords_in_them_are_masked(self, client: Client) -> None:
        context = "{type: docker, env: ['DB_PASSWORD=canary-2c7a'], context_variables: {password: canary-2c7a}}"
        definitions = f"{DEFINITIONS}    contextualisation: {context}\n"
        client.put("/node_definitions/plain", 204, data=definitions.encode())
        assert "canary" not in client.ask("GET", "/node_definitions/plain").text
