"""Rules that a schema can't express."""

from __future__ import annotations

import re
from collections.abc import Iterator

from occopus.model.node import Section
from occopus.plugins import Problem


def identity_is_of_version_3(section: Section) -> Iterator[Problem]:
    if re.search(r"/v2(\.0)?/?$", section["endpoint"]):
        message = "version 2.0 of the identity service is not supported: OpenStack dropped it in the release Queens (2018)"
        yield Problem(("endpoint",), message, "end it with /v3, or leave the version out")


def project_is_named(section: Section) -> Iterator[Problem]:
    if "tenant_name" in section:
        yield Problem(("tenant_name",), "'tenant_name' is deprecated", "say project_id: the id of the project", warning=True)
    elif "project_id" not in section:
        yield Problem((), "the key 'project_id' is missing", "the id of the project; 'tenant_name' may stand for it")


def floating_ip_is_meant(section: Section) -> Iterator[Problem]:
    if section.get("floating_ip") in (False, "no", "false"):
        message = "the node gets a floating IP, since the key 'floating_ip' is present"
        yield Problem(("floating_ip",), message, "leave the key out if that is not wanted", warning=True)
