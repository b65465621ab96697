"""What the package declares: keys, credentials, and that nothing heavy is loaded for it."""

from __future__ import annotations

from typing import Any

import pytest
from fake_openstack import FakeOpenStack
from nova_user import DESCRIBED, NovaUser

from occopus.plugins import ResourceHandlerSpec
from occopus.plugins.registry import Registry
from occopus_nova.connection import identity_url

SECTION = {"type": "nova", "endpoint": "http://127.0.0.1:1", "project_id": "p", "image_id": "i", "flavor_name": "f"}
AUTH = {"username": "me", "password": "a-password-to-hide"}


@pytest.fixture
def spec(occopus_registry: Registry) -> ResourceHandlerSpec:
    return occopus_registry.resource_handler("nova")


def faults_of(spec: ResourceHandlerSpec, section: dict[str, Any]) -> list[str]:
    return [problem.message for check in spec.checks for problem in check(section) if not problem.warning]


def warnings_of(spec: ResourceHandlerSpec, section: dict[str, Any]) -> list[str]:
    return [problem.message for check in spec.checks for problem in check(section) if problem.warning]


@pytest.mark.parametrize("command", [["--help"], ["plugins"], ["validate", *DESCRIBED]], ids=lambda args: args[0])
def test_no_sdk_is_loaded_for(command: list[str], home: NovaUser) -> None:
    home.describe(AUTH, SECTION)
    assert home.modules_loaded_by(*command) & {"openstack", "keystoneauth1", "requests"} == set()


@pytest.mark.parametrize(
    ("endpoint", "url"),
    [
        ("http://cloud:5000", "http://cloud:5000/v3"),
        ("http://cloud:5000/", "http://cloud:5000/v3"),
        ("https://cloud/identity", "https://cloud/identity/v3"),
        ("https://cloud/identity/v3", "https://cloud/identity/v3"),
        ("https://cloud:5000/v3/", "https://cloud:5000/v3"),
        ("https://v3.cloud.org", "https://v3.cloud.org/v3"),
    ],
)
def test_version_is_added_where_none_is_named(endpoint: str, url: str) -> None:
    assert identity_url(endpoint) == url


@pytest.mark.parametrize(
    ("endpoint", "said"),
    [
        ("cloud.example.org:5000", "must be a URL"),
        ("ftp://cloud", "must be a URL"),
        ("http://cloud:port", "must be a URL"),
        ("https://me:secret@cloud:5000/v3", "holds a user name or password"),
        ("https://cloud:5000/v3?x=1", "must end with its path"),
        ("https://cloud:5000/v2.0/", "version 2.0 of the identity service is not supported"),
    ],
)
def test_endpoint_must_be_usable(spec: ResourceHandlerSpec, endpoint: str, said: str) -> None:
    (fault,) = faults_of(spec, {**SECTION, "endpoint": endpoint})
    assert said in fault


def test_tenant_name_stands_for_project_id_with_a_warning(home: NovaUser) -> None:
    home.describe(AUTH, {**{key: value for key, value in SECTION.items() if key != "project_id"}, "tenant_name": "demo"})
    said = home.run("occopus", "validate", *DESCRIBED).stderr
    assert "warning: 'tenant_name' is deprecated" in said


def test_a_project_is_needed(home: NovaUser) -> None:
    home.describe(AUTH, {key: value for key, value in SECTION.items() if key != "project_id"})
    said = home.run("occopus", "validate", *DESCRIBED, code=2).stderr
    assert "the key 'project_id' is missing" in said


@pytest.mark.parametrize("value", [None, True, "yes", "add_yes_if_you_need_floating_ip_or_remove"])
def test_any_value_means_a_floating_ip(spec: ResourceHandlerSpec, value: Any) -> None:
    assert warnings_of(spec, {**SECTION, "floating_ip": value}) == []


@pytest.mark.parametrize("value", [False, "no"])
def test_no_as_a_value_is_doubtful(spec: ResourceHandlerSpec, value: Any) -> None:
    assert warnings_of(spec, {**SECTION, "floating_ip": value}) == ["the node gets a floating IP, since the key 'floating_ip' is present"]


def test_voms_was_dropped(home: NovaUser, cloud: FakeOpenStack) -> None:
    home.describe({"type": "voms", "proxy": "x"}, cloud.section())
    said = home.run("occopus-build", *DESCRIBED, code=2).stderr
    assert "dropped in release 1.10" in said
    assert cloud.actions == []


def test_too_much_user_data_is_refused_before_anything_is_made(home: NovaUser, cloud: FakeOpenStack) -> None:
    home.describe(cloud.login, cloud.section(), variables={"message": "x" * 49_200})
    assert "takes 49,149 at most" in home.run("occopus-build", *DESCRIBED, code=2).stderr
    assert cloud.actions.count("POST /servers") == 0
