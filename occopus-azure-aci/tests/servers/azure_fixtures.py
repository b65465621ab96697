"""What the tests of both backends on Azure use: one Resource Manager for all of them, a user, and a handler driven as the engine does."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from fake_arm import CLIENT, SECRET, SUBSCRIPTION, TENANT, FakeArm

from occopus.model.infrastructure import InfraId
from occopus.model.instance import Handle, NodeId, NodeState
from occopus.plugins import Context, CreateRequest, ResourceHandler
from occopus.testing.user import User

KEYS = {"tenant_id": TENANT, "client_id": CLIENT, "client_secret": SECRET, "subscription_id": SUBSCRIPTION}


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("arm")


@pytest.fixture(scope="session")
def arm_server(authority: Path) -> Iterator[FakeArm]:
    with FakeArm(authority) as arm:
        yield arm


@pytest.fixture
def arm(arm_server: FakeArm, authority: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeArm]:
    """The Resource Manager, without faults, with nothing in it. No test may send it what it does not know."""
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(authority / "authority.pem"))
    arm_server.calm()
    yield arm_server
    assert arm_server.complaints == []


@pytest.fixture
def home(occopus_user: User, authority: Path) -> User:
    for type in ("azure_vm", "azure_aci"):
        occopus_user.authenticate(type, KEYS, secrets=(SECRET,))
    occopus_user.variables["REQUESTS_CA_BUNDLE"] = str(authority / "authority.pem")
    return occopus_user


@pytest.fixture
def request_for(plain_section: dict[str, Any]) -> Callable[..., CreateRequest]:
    """Requests for new nodes, whose sections are changed as told."""

    def make(context: Context | None = None, **changes: Any) -> CreateRequest:
        handle = Handle(InfraId("an-infrastructure"), NodeId(str(uuid.uuid4())), "web")
        section = {key: value for key, value in {**plain_section, **changes}.items() if value is not None}
        return CreateRequest(handle, f"occopus-test-{handle.node_id[:8]}", section, context)

    return make


def definitions(home: User, *sections: dict[str, Any], context: dict[str, Any] | None = None) -> Path:
    """A file that defines the type `plain`, with an implementation for each section."""
    common = {"health_check": {"ping": False}} | ({"contextualisation": context} if context else {})
    return home.write("nodes.yaml", json.dumps({"node_def:plain": [{"resource": section, **common} for section in sections]}))


def of_azure(modules: Iterable[str]) -> list[str]:
    """Of modules those of the SDK, and those of ours that need it."""
    ours = ("occopus_azure.handler", "occopus_azure_aci.handler", "occopus_azure_aci.arm.client")
    return [name for name in modules if name in ours or name.partition(".")[0] in ("azure", "msal", "requests", "cryptography", "urllib3")]


def create(handler: ResourceHandler, request: CreateRequest) -> Handle:
    """As the engine does: again whenever the next step is possible."""
    stored = [request.handle]
    handle = handler.create(request, stored.append)
    while (status := handler.describe([handle]).get(request.node_id)) and status.state is NodeState.PENDING:
        if status.unfinished:
            handle = handler.create(replace(request, handle=stored[-1]), stored.append)
        time.sleep(0.01)
    assert handle == stored[-1]
    return handle


def remove(handler: ResourceHandler, handle: Handle) -> None:
    """As the engine does, until nothing is left."""
    handler.drop(handle)
    while status := handler.describe([handle]).get(handle.node_id):
        if status.unfinished:
            handler.drop(handle)
        time.sleep(0.01)
