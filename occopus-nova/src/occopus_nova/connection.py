"""Logs in: one connection to a cloud, in one project and one region."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import openstack
from openstack.connection import Connection

from occopus.plugins import ErrorKind, HandlerConfig, ResourceError

MICROVERSION = "2.85"
"""Of Nova: the lowest that can say later on that a volume outlives its server. OpenStack Ussuri (May 2020) and everything since has it."""

TIMEOUT = 60
"""Seconds that a service may take to answer."""


def connect(config: HandlerConfig) -> Connection:
    """A connection that reads no file and no environment variable of the user. Nothing is sent yet.

    Raises:
        ResourceError: the credentials lack something.
    """
    section = config.section
    auth_type, auth = _login(config.credentials, section.get("user_domain_name", "Default"))
    if auth_type == "v3password":
        auth |= _project(section)
    return openstack.connect(
        load_yaml_config=False,
        load_envvars=False,
        auth_type=auth_type,
        auth={"auth_url": identity_url(section["endpoint"]), **auth},
        region_name=section.get("region_name"),
        app_name="occopus-nova",
        api_timeout=TIMEOUT,
        compute_default_microversion=MICROVERSION,
    )


def identity_url(endpoint: str) -> str:
    """The endpoint with its version: `/v3` where it names none."""
    url = endpoint.rstrip("/")
    return url if re.search(r"/v\d[\d.]*$", url) else f"{url}/v3"


def _login(credentials: Mapping[str, Any], domain: str) -> tuple[str, dict[str, Any]]:
    if credentials.get("type") == "application_credential":
        id, secret = _needed(credentials, "id", "secret")
        return "v3applicationcredential", {"application_credential_id": id, "application_credential_secret": secret}
    if "type" in credentials:
        message = f"credentials for nova of the type '{credentials['type']}' are not known"
        raise ResourceError(ErrorKind.CREDENTIALS, f"{message}; give username and password, or type: application_credential, id and secret")
    username, password = _needed(credentials, "username", "password")
    return "v3password", {"username": username, "password": password, "user_domain_name": domain}


def _needed(credentials: Mapping[str, Any], *keys: str) -> list[str]:
    missing = [key for key in keys if not credentials.get(key)]
    if missing:
        raise ResourceError(ErrorKind.CREDENTIALS, f"the credentials for nova lack: {', '.join(missing)}")
    return [str(credentials[key]) for key in keys]


def _project(section: Mapping[str, Any]) -> dict[str, str]:
    if "project_id" in section:
        return {"project_id": section["project_id"]}
    return {"project_name": section["tenant_name"], "project_domain_name": section.get("user_domain_name", "Default")}
