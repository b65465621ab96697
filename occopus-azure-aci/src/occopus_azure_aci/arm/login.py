"""Who asks: the credentials of the authentication file, or those that Azure's own tools would use."""

from __future__ import annotations

from typing import Any

from azure.core.credentials import TokenCredential
from azure.identity import ClientSecretCredential, DefaultAzureCredential

from occopus.model.node import Section
from occopus_azure_aci.arm.clouds import Cloud

ONCE = {"retry_total": 0}
"""The engine repeats, and knows of the other calls."""


def credential(secrets: Section, cloud: Cloud, is_known: bool) -> TokenCredential:
    """A service principal, where the authentication file names one. Without: the environment, a managed identity, `az login`.

    Raises:
        ValueError: the cloud's login service is no https URL.
    """
    if not secrets.get("client_id"):
        return DefaultAzureCredential(authority=cloud.login)
    options: dict[str, Any] = {"authority": cloud.login, "disable_instance_discovery": not is_known, **ONCE}
    return ClientSecretCredential(secrets["tenant_id"], secrets["client_id"], secrets["client_secret"], **options)
