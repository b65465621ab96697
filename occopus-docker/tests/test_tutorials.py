"""The tutorials that the original published for Docker, unchanged but for the values that their users fill in."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from busybox import busybox_tarball

from occopus.testing.user import User, until

TUTORIALS = Path(__file__).parents[3] / "shared" / "tutorials"
pytestmark = pytest.mark.skipif(
    not TUTORIALS.is_dir(), reason="THE TUTORIALS ARE NOT THERE: put them into ../shared/tutorials beside the repository"
)

PUBLISHED = "https://s3.lpds.sztaki.hu/docker"
"""Where the tutorials' images are."""
RECEIVER = "#!/bin/sh\ntrap 'exit 0' TERM\necho \"$message\"\nsleep 1000000 & wait\n"
SENDER = "#!/bin/sh\ntrap 'exit 0' TERM\nping \"$target_ip\" & wait\n"


def test_ping(home: User, engine: Any, inside: Any, files: Any) -> None:
    folder = home.copy(TUTORIALS / "docker-ping", {"endpoint": engine.url}, instead={PUBLISHED: files.url})
    definitions = folder / "nodes" / "node_definitions.yaml"
    files.serve("/busybox_helloworld.tar", busybox_tarball(RECEIVER))
    files.serve("/busybox_ping.tar", busybox_tarball(SENDER))
    home.run("occopus", "validate", folder / "infra-docker-ping.yaml", definitions)
    home.run("occopus-import", definitions)
    infra_id = home.build(folder / "infra-docker-ping.yaml")
    (receiver,), (sender,) = inside.of_node("ping-receiver"), inside.of_node("ping-sender")
    assert inside.logs(receiver) == "Hello World! I am the receiver node.\n"
    assert f"target_ip={inside.address(receiver)}" in inside.inspect(sender)["Config"]["Env"]
    until(lambda: re.search(rf"from {inside.address(receiver)}: seq=\d+ ttl=\d+ time=", inside.logs(sender)), "an answer to a ping")
    home.run("occopus-destroy", "-i", infra_id)
    assert (inside.containers, home.infras) == ([], [])


def test_ping_as_it_is_filled_in_for_all_tests(home: User) -> None:
    folder = home.copy(TUTORIALS / "docker-ping")
    subprocess.run([sys.executable, TUTORIALS / "fill.py", folder], check=True)
    done = home.run("occopus", "validate", folder / "infra-docker-ping.yaml", folder / "nodes" / "node_definitions.yaml")
    assert "warning" not in done.stderr


def test_swarm_needs_a_package_that_is_not_this_one_and_nothing_else(home: User, occopus_registry: Any) -> None:
    folder = home.copy(TUTORIALS / "docker-swarm")
    subprocess.run([sys.executable, TUTORIALS / "fill.py", folder], check=True)
    installed = "cloudsigma" in occopus_registry.names("resource handler")
    arguments = (folder / "infra-docker-swarm.yaml", folder / "nodes" / "node_definitions.yaml")
    said = home.run("occopus", "validate", *arguments, code=0 if installed else 2).stderr
    assert installed or re.findall(r"pip install (\S+)", said) == ["occopus-cloudsigma"] * said.count("pip install")
