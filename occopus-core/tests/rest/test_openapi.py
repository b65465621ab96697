"""The OpenAPI document is what the service does: compared with its routes, and asked at random."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from falcon.inspect import inspect_routes
from rest_world import NODES, Client, House, Installed, describe

import occopus
from occopus.rest.app import create_app
from occopus.rest.openapi import document
from occopus.rest.services import RestServices
from occopus.settings_rest import Token
from occopus.testing.user import until

SERVERS = Path(__file__).parents[1] / "servers"
METHODS = {"GET", "POST", "PUT", "DELETE"}


def test_it_names_every_route_and_no_other(house: House) -> None:
    routes = inspect_routes(create_app(RestServices(house.manager())))
    served = {(route.path, method.method) for route in routes for method in route.methods if not method.internal}
    described = {(path, method.upper()) for path, item in document()["paths"].items() for method in item if method.upper() in METHODS}
    assert served == described


def test_every_operation_is_explained_and_has_a_name_of_its_own() -> None:
    operations = [item[m] for item in document()["paths"].values() for m in item if m.upper() in METHODS]
    names = [operation["operationId"] for operation in operations]
    assert len(set(names)) == len(names)
    assert all(operation["summary"].endswith(".") and operation["tags"] for operation in operations)


def test_paths_have_the_parameters_that_stand_in_them() -> None:
    for path, item in document()["paths"].items():
        assert set(re.findall(r"{(\w+)}", path)) == {each["name"] for each in item.get("parameters", ())}, path


def test_its_references_lead_somewhere_and_its_schemas_are_right() -> None:
    def look(value: Any) -> None:
        if isinstance(value, dict):
            if "$ref" in value:
                _, *steps = value["$ref"].split("/")
                found: Any = document()
                for step in steps:
                    found = found[step]
            for each in value.values():
                look(each)
        elif isinstance(value, list):
            for each in value:
                look(each)

    look(document())
    for schema in document()["components"]["schemas"].values():
        jsonschema.Draft202012Validator.check_schema(schema)


def test_the_page_shows_all_of_it(house: House) -> None:
    client = house.open()
    answer = client.ask("GET", "/")
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    assert "<script" not in answer.text
    for path in client.get("/openapi.json")["paths"]:
        assert f"<code>{path}</code>" in answer.text


@pytest.mark.skipif(find_spec("schemathesis") is None, reason="needs schemathesis: pip install 'occopus-core[fuzz]'")
class TestAtRandom:
    """schemathesis asks by the document. No answer is of 5xx, not described or not as described; none tells paths or secrets; what breaks
    the document is refused, and so is whoever has no token. (What keeps to it may have faults that it can't express, which is what
    `positive_data_acceptance` would complain of.)
    """

    def ask(self, installed: Installed, client: Client, *options: str, parameters: str = "") -> None:
        installed.write("schemathesis.toml", f"[parameters]\n{parameters}")
        forbidden = [str(installed.path), "canary-5e1f", sys.prefix, str(Path(occopus.__file__).parent), installed.token]
        command = [Path(sys.executable).parent / "st", "run", f"{client.url}/openapi.json", "--max-examples", "6", "--no-color"]
        command += ["--seed", os.environ.get("OCCOPUS_SEED", "1")]
        command += ["--checks", "all", "-H", f"Authorization: Bearer {installed.token}", *options]
        hooks = {"SCHEMATHESIS_HOOKS": "fuzzing_hooks", "OCCOPUS_FORBIDDEN": os.pathsep.join(forbidden), "PYTHONPATH": str(SERVERS)}
        environment = installed.environment | hooks
        done = subprocess.run(command, cwd=installed.path, env=environment, capture_output=True, text=True, timeout=500, check=False)
        assert done.returncode == 0, done.stdout + done.stderr

    @pytest.fixture
    def client(self, installed: Installed) -> Client:
        token, kept = Token.new("ann", admin=False)
        installed.token = token
        entry = f"{{user: ann, sha256: {kept.sha256}}}"
        log = "logging: {file: log.txt}"
        installed.write(".occopus/occopus_config.yaml", f"rest: {{tokens: [{entry}]}}\n{log}\n")
        return installed.serve()

    def test_whatever_is_asked(self, installed: Installed, client: Client) -> None:
        self.ask(installed, client, "--exclude-checks", "positive_data_acceptance")
        assert not unexpected(installed)

    def test_whatever_is_asked_of_an_infrastructure_that_is_there(self, installed: Installed, client: Client) -> None:
        description = describe("web: type: plain, scaling: {min: 1, max: 2}") + "variables: {password: canary-5e1f}\n"
        infra_id = client.build(description, NODES)
        until(lambda: client.is_built(infra_id), "the build")
        parameters = f'"path.infra_id" = "{infra_id}"\n"path.node" = "web"\n"path.name" = "plain"\n'
        # The names below take the place of made up ones, wrong ones among them, so that those are not refused.
        checks = ("--exclude-checks", "positive_data_acceptance,negative_data_rejection")
        phases = ("--exclude-operation-id", "destroy", "--phases", "coverage,fuzzing")
        self.ask(installed, client, *checks, *phases, parameters=parameters)
        assert not unexpected(installed)
        assert client.get(f"/infrastructures/{infra_id}")["web"]["scaling"]["max"] == 2


def unexpected(installed: Installed) -> list[str]:
    """What the log says of things that nobody expected."""
    log = installed.path / ".occopus" / "log.txt"
    return [line for line in log.read_text().splitlines() if "unexpected" in line or "Traceback" in line]
