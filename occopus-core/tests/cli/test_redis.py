"""The commands with a Redis as their store, named by the configuration of Occopus 1 or by our own."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from redis import Redis
from redis_server import free_port

ORIGINAL = """\
plugins: !python_import [occo.plugins.infraprocessor.basic_infraprocessor]
components:
  uds: !UDS &uds
    protocol: redis
    host: 127.0.0.1
    port: {port}
    db: {number}
    altdbs: {{node_def: 1}}
  infobroker: !InfoRouter {{main_info_broker: true, sub_providers: [*uds]}}
"""


@pytest.fixture
def configuration(home: Any, redis_server: Any) -> str:
    home.write("occopus_config.yaml", ORIGINAL.format(port=redis_server.port, number=2))
    return "occopus_config.yaml"


def test_original_configuration_works_as_it_is(home: Any, redis_server: Any, configuration: str) -> None:
    with Redis(port=redis_server.port, db=2, decode_responses=True) as raw:
        raw.set("infra:theirs", "kept")
        description = home.describe("one")
        listed = home.run("occopus", "list", "--cfg", configuration)
        assert "there are no infrastructures" in listed.stderr
        assert "components.uds.altdbs" in listed.stderr
        imported = home.run("occopus", "import", "nodes.yaml", "--cfg", configuration)
        assert "imported: plain" in imported.stderr
        infra_id = home.run("occopus", "build", description, "--cfg", configuration).stdout.strip()
        [infra] = json.loads(home.run("occopus", "list", "--json", "--cfg", configuration).stdout)
        assert (infra["infra_id"], infra["name"]) == (infra_id, "test")
        assert "ready" in home.run("occopus", "events", "-i", infra_id, "--cfg", configuration).stdout
        home.run("occopus", "destroy", "-i", infra_id, "--cfg", configuration)
        assert json.loads(home.run("occopus", "list", "--json", "--cfg", configuration).stdout) == []
        assert raw.get("infra:theirs") == "kept"
        assert raw.exists("occopus:form")
    assert not (home.data / "occopus.db").exists()
    assert (home.processes, home.directories) == ({}, [])


def test_homes_with_one_redis_see_the_same(home: Any, redis_server: Any, tmp_path: Path) -> None:
    home.write("c.yaml", f"store: {{url: '{redis_server.url}'}}\n")
    home.describe("one")
    home.run("occopus", "import", "nodes.yaml", "--cfg", "c.yaml")
    home.write("two.yaml", f"store: {{url: '{redis_server.url}'}}\ndata_dir: {tmp_path / 'elsewhere'}\n")
    assert "create" in home.run("occopus", "plan", "test.yaml", "--cfg", "two.yaml").stdout


def test_redis_that_is_not_there_is_a_sentence(home: Any) -> None:
    home.write("c.yaml", f"store: {{url: 'redis://somebody:geheim@127.0.0.1:{free_port()}/0'}}\n")
    started = [home.start("occopus", "list", "--cfg", "c.yaml", *more) for more in ([], ["--debug"])]
    plain, debugging = (process.communicate(timeout=60)[1] for process in started)
    assert [process.returncode for process in started] == [1, 1]
    assert "can't be reached (" in plain
    assert ("Traceback" in plain, "Traceback" in debugging) == (False, True)
    assert not {"geheim", "somebody"} & set(re.findall(r"\w+", plain + debugging))


def test_address_that_is_wrong_is_bad_input(home: Any) -> None:
    home.write("c.yaml", "store: {url: 'redis://somebody:geheim/x@host/0'}\n")
    failed = home.run("occopus", "list", "--cfg", "c.yaml", code=2)
    assert "the address of a store in Redis" in failed.stderr
    assert "geheim" not in failed.stderr
