"""The search finds what is there: else that it finds nothing would say nothing."""

from __future__ import annotations

import subprocess
import sys
import time
from typing import Any

import pytest
from conftest import MARKER
from plantation import EVERYTHING, PIECE, forms, found_in, found_in_files, found_in_process_listing

SEEN = {"marker": MARKER}


@pytest.mark.parametrize("name", EVERYTHING)
def test_every_canary_is_found_in_every_form_and_in_pieces(name: str) -> None:
    secret = EVERYTHING[name]
    for form in forms(secret):
        assert found_in(f"before {form} after") == [name]
    assert found_in(f"before {secret[: PIECE + 2]}...") == [name]
    assert found_in("before and after") == []


def test_what_is_no_secret_is_found_in_what_commands_say_and_store(world: Any) -> None:
    assert found_in(world.run("graph", "infra.yaml", "--nodes", "nodes.yaml"), SEEN) == ["marker"]
    world.run("validate", "infra.yaml", "--nodes", "nodes.yaml")
    world.build()
    assert "occopus.db" in " ".join(found_in_files(world.data, SEEN)), "the store has it"
    assert found_in_files(world.data, {"plain": EVERYTHING["password"]}), "what was written out in a description is stored"
    world.run("destroy", "-i", world.infra_id)


def test_a_secret_in_a_process_listing_is_found() -> None:
    sleeping = [sys.executable, "-c", "import time; time.sleep(100)", EVERYTHING["env"]]
    process = subprocess.Popen(sleeping)
    deadline = time.monotonic() + 60
    try:
        while found_in_process_listing() != ["env"]:
            assert time.monotonic() < deadline
    finally:
        process.kill()
        process.wait()
