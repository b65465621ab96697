"""The clouds of Azure: who gives tokens for an endpoint, and how the names of its containers end."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit


@dataclass(frozen=True)
class Cloud:
    """`login` is the URL of the service that gives tokens, `audience` what they are for, `containers` the domain of container groups."""

    login: str
    audience: str
    containers: str = "azurecontainer.io"

    @property
    def scope(self) -> str:
        return f"{self.audience.rstrip('/')}/.default"


CLOUDS = {
    "management.azure.com": Cloud("https://login.microsoftonline.com", "https://management.azure.com"),
    "management.usgovcloudapi.net": Cloud(
        "https://login.microsoftonline.us", "https://management.usgovcloudapi.net", "azurecontainer.console.azure.us"
    ),
    "management.chinacloudapi.cn": Cloud(
        "https://login.chinacloudapi.cn", "https://management.chinacloudapi.cn", "azurecontainer.console.azure.cn"
    ),
}
"""By the host of the endpoint. Any other says itself who gives tokens for it, as Azure Stack does."""


def known(endpoint: str) -> Cloud | None:
    return CLOUDS.get(urlsplit(endpoint).hostname or "")


def container_domain(endpoint: str) -> str:
    """What the public names of container groups end with, after the location."""
    return (known(endpoint) or CLOUDS["management.azure.com"]).containers
