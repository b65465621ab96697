"""What this package offers: the type `hetzner` of the `resource` section."""

from collections.abc import Iterator, Mapping
from typing import Any

from occopus.plugins import CredentialsSpec, Problem, ResourceHandlerSpec, hookimpl, http_url, text

CONTRACT = 1
ENDPOINT = "https://api.hetzner.cloud/v1"
ID = {"type": "integer", "min": 1}
NAME_OR_ID = {"type": ["string", "integer"], "empty": False}
WORD = r"[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?"
LABEL = {"type": "string", "regex": rf"(?!hetzner\.cloud/|occopus\.)([a-z0-9.-]+/)?{WORD}"}
VALUE = {"type": "string", "regex": f"({WORD})?"}


def public_addresses_are_not_missed(section: Mapping[str, Any]) -> Iterator[Problem]:
    if section.get("public_ipv4") is False and section.get("public_ipv6") is False:
        if not section.get("networks"):
            yield Problem(("public_ipv4",), "the server would have no address", "give it one of your 'networks'")
        if section.get("firewalls"):
            yield Problem(("firewalls",), "firewalls are for public addresses, and the server would have none")


def key(description: str, example: Any, **rules: Any) -> dict[str, Any]:
    return {**rules, "meta": {"description": description, "example": example}}


@hookimpl
def occopus_resource_handlers() -> Iterator[ResourceHandlerSpec]:
    yield ResourceHandlerSpec(
        type="hetzner",
        handler="occopus_hetzner.handler:HetznerHandler",
        summary="Servers of Hetzner Cloud",
        schema={
            "endpoint": text(f"The URL of the API; {ENDPOINT} where it is left out.", ENDPOINT),
            "server_type": key("Name or ID of the server's type.", "cx23", **NAME_OR_ID, required=True),
            "image": key("Name or ID of the image that the server starts from.", "debian-13", **NAME_OR_ID, required=True),
            "location": text("Where the server runs; Hetzner chooses where it is left out.", "fsn1"),
            "ssh_keys": key("Names or IDs of the keys that may log in as root.", ["my-key"], type="list", schema=NAME_OR_ID),
            "networks": key("IDs of the private networks that the server joins.", [4711], type="list", schema=ID),
            "firewalls": key("IDs of the firewalls before its public addresses.", [38], type="list", schema=ID),
            "public_ipv4": key("Whether it has a public IPv4 address; it has where this is left out.", False, type="boolean"),
            "public_ipv6": key("Whether it has public IPv6 addresses; it has where this is left out.", False, type="boolean"),
            "labels": key("Labels of your own.", {"project": "mine"}, type="dict", keysrules=LABEL, valuesrules=VALUE),
            "name": text("A label for logs and for choosing credentials."),
        },
        checks=(http_url("endpoint", ENDPOINT), public_addresses_are_not_missed),
        credentials=CredentialsSpec({"token": text("An API token for Read & Write.", required=True, meta={"secret": True})}),
        contexts=frozenset({"cloudinit"}),
        user_data_limit=32 * 1024,
        appears_within=10.0,
    )
