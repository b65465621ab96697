"""`occopus.InfrastructureManager` as programs use it, with nodes that are real processes."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import occopus
from occopus.diagnostics import DescriptionError
from occopus.engine.converging import Outcome
from occopus.errors import AlreadyMaintained, InfrastructureNotFound, NotMaintained, UsageError
from occopus.testing.user import until

NODES = {"node_def:plain": [{"resource": {"type": "local"}, "health_check": {"ping": False}}]}
INFRA: dict[str, Any] = {"infra_name": "test", "user_id": "me", "nodes": [{"name": "one", "type": "plain"}]}


@pytest.fixture
def manager(occopus_home: Path) -> Iterator[Any]:
    with_files = occopus.InfrastructureManager.open()
    yield with_files
    for infra in with_files.list():
        with_files.destroy(infra.infra_id)
    with_files.close()


def test_what_is_added_is_made_and_kept(manager: Any) -> None:
    infra_id = manager.add(manager.compile(INFRA, NODES))
    maintenance = manager.get(infra_id)
    until(lambda: isinstance(maintenance.last, Outcome), "the first pass")
    assert [instance.state for instance in maintenance.last.instances] == ["ready"]
    assert manager.stop_provisioning(infra_id)
    assert not maintenance.is_alive()
    assert [infra.infra_id for infra in manager.list()] == [infra_id]
    manager.tear_down(infra_id)
    assert manager.list() == []


def test_who_maintains_can_neither_begin_again_nor_tear_down(manager: Any) -> None:
    infra_id = manager.submit_infrastructure(manager.compile(INFRA, NODES))
    manager.attach(infra_id)
    with pytest.raises(AlreadyMaintained):
        manager.attach(infra_id)
    with pytest.raises(ValueError, match="is maintained") as caught:
        manager.tear_down(infra_id)
    assert isinstance(caught.value, AlreadyMaintained)
    manager.detach(infra_id)
    for ask in (manager.get, manager.detach):
        with pytest.raises(NotMaintained):
            ask(infra_id)


def test_maintaining_ends_when_there_is_nothing_left(manager: Any) -> None:
    infra_id = manager.submit_infrastructure(manager.compile(INFRA, NODES))
    maintenance = manager.start_provisioning(infra_id, interval=0.1)
    until(lambda: maintenance.last, "the first pass")
    manager.destroy(infra_id)
    maintenance.join(60)
    assert not maintenance.is_alive()
    assert manager.start_provisioning(manager.submit_infrastructure(manager.compile(INFRA, NODES)))


def test_what_is_not_there_can_not_be_maintained(manager: Any) -> None:
    with pytest.raises(InfrastructureNotFound):
        manager.attach("no-such-infrastructure")


def test_faults_of_plain_data_are_told(manager: Any) -> None:
    with pytest.raises(DescriptionError) as caught:
        manager.compile(INFRA | {"nodes": [{"name": "one", "type": "plane"}]}, NODES)
    assert "plain" in str(caught.value.faults[0])
    with pytest.raises(UsageError, match="describes no infrastructure"):
        manager.compile(NODES)


def test_the_package_imports_nothing_by_itself() -> None:
    loaded = "print('occopus.manager' in sys.modules)"
    code = f"import sys, occopus; {loaded}; occopus.InfrastructureManager; {loaded}"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "True"]


def test_another_name_is_not_there() -> None:
    with pytest.raises(AttributeError, match="no attribute 'Infrastructures'"):
        _ = occopus.Infrastructures
