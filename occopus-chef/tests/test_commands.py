"""The commands, as a user runs them, with a Chef server: the tutorials on machines of the local backend, and what goes wrong."""

from __future__ import annotations

import signal
from collections.abc import Mapping
from typing import Any

import pytest

from occopus.testing.http import Refusal, Reply
from occopus.testing.user import User, until

from .conftest import PASSWORDS, TUTORIAL, for_this_machine

ONE = "infra_name: one\nuser_id: me\nnodes:\n- {name: web, type: base}\n"
TWO = """
infra_name: two
user_id: me
nodes:
- {name: db, type: base}
- {name: web, type: base}
dependencies:
- connection: [web, db]
  mappings:
  - {attributes: [database.ready, site.started], synch: true}
  - [fqdn, site.database]
"""


@pytest.mark.skipif(not TUTORIAL.is_dir(), reason="THE TUTORIALS ARE NOT THERE: put them into ../shared/tutorials beside the repository")
def test_the_wordpress_tutorial(user: User, values: Mapping[str, str], admin: Any, left: Any) -> None:
    folder = user.copy(TUTORIAL, values)
    for_this_machine(folder / "nodes")
    user.secrets.extend(PASSWORDS.values())
    user.run("occopus-import", folder / "nodes" / "node_definitions.yaml")
    infra_id = user.build(folder / "infra-chef-wordpress.yaml")

    (database_id,), (site_id,) = user.report(infra_id, "mysql-server"), user.report(infra_id, "wordpress")
    assert left() == {
        "environments": [infra_id],
        "roles": [f"{infra_id}_mysql-server", f"{infra_id}_wordpress"],
        "nodes": sorted([database_id, site_id]),
        "clients": sorted([database_id, site_id]),
    }
    database, site = admin.get("nodes", database_id), admin.get("nodes", site_id)
    assert database["chef_environment"] == site["chef_environment"] == infra_id
    assert database["run_list"] == [f"role[{infra_id}_mysql-server]", "recipe[connect]", "recipe[database-setup::db]"]
    assert site["run_list"] == [f"role[{infra_id}_wordpress]", "recipe[connect]", "recipe[wordpress]"]
    assert database["normal"] == {
        "mysql": {"server_root_password": PASSWORDS["database_root_password"]},
        "database_management": {
            "database_name": "blog",
            "dbuser_username": "writer",
            "dbuser_password": PASSWORDS["database_user_password"],
        },
        "connections": [],
    }
    assert site["normal"]["connections"] == [
        {"source_role": f"{infra_id}_mysql-server", "source_attribute": "fqdn", "destination_attribute": "wordpress.db.host"}
    ]
    assert site["normal"]["wordpress"]["db"] == {
        "name": "blog",
        "user": "writer",
        "pass": PASSWORDS["database_user_password"],
        "host": database["automatic"]["fqdn"],
    }
    user.run("occopus-destroy", "-i", infra_id)
    assert (left(), user.infras) == ({}, [])


def test_one_node_that_is_scaled(user: User, nodes: Any, admin: Any, left: Any) -> None:
    """The shape of the tutorial with Apache."""
    infra = user.write("infra.yaml", ONE.replace("base}", "base, scaling: {max: 3}, attributes: {apache.tls: true}}"))
    infra_id = user.build(infra, *nodes)
    (first,) = user.report(infra_id, "web")
    assert admin.get("nodes", first)["normal"] == {"apache": {"port": 8080, "tls": True}, "connections": []}
    user.run("occopus-scale", "-i", infra_id, "-n", "web", "-c", "+1")
    user.run("occopus-maintain", "-i", infra_id)
    assert left()["nodes"] == left()["clients"] == sorted(user.report(infra_id, "web"))
    user.run("occopus-scale", "-i", infra_id, "-n", "web", "-f", first)
    user.run("occopus-maintain", "-i", infra_id)
    (second,) = user.report(infra_id, "web")
    assert (left()["nodes"], left()["clients"], left()["roles"]) == ([second], [second], [f"{infra_id}_web"])
    user.run("occopus-destroy", "-i", infra_id)
    assert left() == {}


def test_a_dependent_waits_for_an_attribute(user: User, nodes: Any, admin: Any, left: Any) -> None:
    process = user.start("occopus-build", "--parallelize", user.write("infra.yaml", TWO), *nodes)
    until(lambda: process.poll() is not None or left().get("clients"), "chef-client on the database")
    (database_id,) = left()["nodes"]
    until(lambda: admin.get("nodes", database_id)["automatic"], "its report")
    (infra_id,) = left()["environments"]
    reason = until(
        lambda: (found := user.report(infra_id, "db")[database_id]["reason"]).startswith("chef does not report") and found, "the wait", 0.2
    )
    assert reason == "chef does not report its attribute 'database.ready' yet"
    assert left()["nodes"] == [database_id], "who depends on it is not made before"
    database = admin.get("nodes", database_id)
    admin.replace("nodes", {**database, "normal": {**database["normal"], "database": {"ready": "yes"}}})
    out, err = process.communicate(timeout=120)
    assert process.returncode == 0, err
    assert out.strip() == infra_id
    (web_id,) = user.report(infra_id, "web")
    assert admin.get("nodes", web_id)["normal"]["site"] == {"started": "yes", "database": database["automatic"]["fqdn"]}
    user.run("occopus-destroy", "-i", infra_id)
    assert left() == {}


def test_a_build_is_interrupted(user: User, nodes: Any, left: Any) -> None:
    process = user.start("occopus-build", user.write("infra.yaml", TWO), *nodes)  # it waits for the attribute for ever
    until(lambda: left().get("clients"), "chef-client on the database")
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=120)
    assert process.returncode == 1, said
    assert (left(), user.infras) == ({}, [])


def test_a_key_that_the_server_does_not_accept(user: User, nodes: Any, chef: Any, left: Any) -> None:
    user.authentication.unlink()
    user.authenticate("chef", {"client_name": "admin", "client_key": chef.validator_key}, section="config_management")
    said = user.run("occopus-build", user.write("infra.yaml", ONE), *nodes, code=1).stderr
    assert "(HTTP status 401)" in said
    assert left() == {}
    user.authentication.unlink()
    user.authenticate("chef", {"client_name": "admin", "client_key": "no-key-at-all"}, section="config_management")
    said = user.run("occopus-build", user.write("infra.yaml", ONE), *nodes, code=1).stderr
    assert "the client_key of 'admin' is no private RSA key as PEM" in said
    assert "no-key-at-all" not in said
    user.authentication.unlink()
    user.authenticate("chef", {"client_name": "admin"}, section="config_management")
    said = user.run("occopus-build", user.write("infra.yaml", ONE), *nodes, code=2).stderr
    assert "the key 'client_key' is missing" in said
    assert (left(), user.infras) == ({}, [])


def test_what_the_server_refuses_is_rolled_back(user: User, nodes: Any, line: Any, left: Any) -> None:
    line.fail["POST nodes"] = [Refusal(Reply.of_json(400, {"error": ["Field 'run_list' is not a valid run list"]}))] * 2
    said = user.run("occopus-build", user.write("infra.yaml", ONE), *nodes, code=1).stderr
    assert "Field 'run_list' is not a valid run list (HTTP status 400)" in said
    assert (left(), user.infras) == ({}, [])


def test_replies_are_lost_and_calls_throttled(user: User, nodes: Any, line: Any, left: Any) -> None:
    line.lose.update({"POST environments": 1, "POST roles": 1, "POST nodes": 2, "DELETE nodes": 2})
    line.fail["GET nodes"] = [line.throttled() for _ in range(3)]
    infra_id = user.build("--parallelize", user.write("infra.yaml", ONE.replace("base}", "base, scaling: {min: 3}}")), *nodes)
    assert left()["nodes"] == left()["clients"] == sorted(user.report(infra_id, "web"))
    user.run("occopus-destroy", "--parallelize", "-i", infra_id)
    assert (left(), user.infras) == ({}, [])
    assert (line.lose.total(), line.fail["GET nodes"]) == (0, []), "the faults have happened"


def test_a_node_that_the_server_forgot_is_not_ready(user: User, nodes: Any, admin: Any, left: Any) -> None:
    infra_id = user.build(user.write("infra.yaml", ONE), *nodes)
    (node_id,) = user.report(infra_id, "web")
    admin.remove("nodes", node_id)
    found = user.report(infra_id, "web")[node_id]
    assert (found["state"], found["reason"].partition(" (for")[0]) == ("pending", "chef has not configured it yet")
    user.run("occopus-destroy", "-i", infra_id)
    assert left() == {}


def test_the_most_talkative_log_tells_no_key(user: User, nodes: Any, left: Any) -> None:
    log = user.path / "occopus.log"
    user.variables["OCCOPUS_CONFIG_PATH"] = str(user.write("config.yaml", f"logging: {{file: '{log}', level: DEBUG}}\n"))
    infra_id = user.build(user.write("infra.yaml", ONE), *nodes)
    user.run("occopus-destroy", "-i", infra_id)
    told = log.read_text()
    assert infra_id in told
    assert not [secret for secret in user.secrets if secret in told]
    assert "X-Ops-Authorization" not in told


def test_commands_that_call_nobody_load_neither_http_nor_cryptography(user: User, nodes: Any) -> None:
    infra = user.write("infra.yaml", ONE)
    heavy = {"requests", "urllib3", "cryptography"}
    assert not heavy & user.modules_loaded_by("--help")
    assert not heavy & user.modules_loaded_by("validate", infra, nodes[1])
    rendering = user.modules_loaded_by("render", infra, *nodes)
    assert "occopus_chef.manager" in rendering
    assert not heavy & rendering
