"""What this package offers: the type `docker` of the `resource` section."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from occopus.plugins import CredentialsSpec, ResourceHandlerSpec, hookimpl, text
from occopus_docker import limits
from occopus_docker.checks import (
    cpus_can_be_counted,
    endpoint_is_of_an_engine,
    image_has_one_tag,
    network_is_given_once,
    origin_is_known,
    ports_can_be_published,
    volumes_can_be_mounted,
)

CONTRACT = 1

SCHEMA: dict[str, dict[str, Any]] = {
    "endpoint": text(
        "Where the engine listens: unix:///var/run/docker.sock, tcp://HOST:PORT or ssh://USER@HOST.",
        example="unix:///var/run/docker.sock",
        required=True,
    ),
    "image": text("The name of the image.", example="nginx:alpine", required=True),
    "tag": {
        "type": ["string", "integer"],
        "empty": False,
        "meta": {"description": "The tag of the image; latest where it is left out."},
    },
    "origin": text("Where the image is from: dockerhub (or another registry that its name begins with), the URL of a tarball, or local."),
    "network": text("The network of the engine that the container joins; the engine's default where it is left out."),
    "network_mode": text("Deprecated: the same as `network`."),
    "ports": {
        "type": "list",
        "schema": {"type": ["string", "integer"]},
        "meta": {"description": "Ports to publish, each PORT, HOST_PORT:PORT or ADDRESS:HOST_PORT:PORT, with /udp where it is not TCP."},
    },
    "volumes": {
        "type": "list",
        "schema": {"type": "string", "empty": False},
        "meta": {"description": "Volumes or folders of the engine's machine, each NAME:PATH or FOLDER:PATH, with :ro for reading only."},
    },
    "memory": {
        "type": ["string", "integer"],
        "regex": r"[0-9]+[bkmgBKMG]?",
        "meta": {
            "description": "The most memory: bytes, or 512m or 2g for example.",
            "expected": "a number of bytes, or one with k, m or g",
        },
    },
    "cpus": {"type": ["number", "string"], "meta": {"description": "How many processors at most, 1.5 for example."}},
    "restart": text(
        "When the engine starts an ended container again; never where it is left out: then Occopus replaces it.",
        allowed=["on-failure", "always", "unless-stopped"],
    ),
    "name": text("A label for logs and for choosing credentials."),
}


@hookimpl
def occopus_resource_handlers() -> Iterator[ResourceHandlerSpec]:
    yield ResourceHandlerSpec(
        type="docker",
        handler="occopus_docker.handler:DockerHandler",
        summary="Containers of a Docker engine",
        schema=SCHEMA,
        checks=(
            endpoint_is_of_an_engine,
            origin_is_known,
            image_has_one_tag,
            network_is_given_once,
            ports_can_be_published,
            volumes_can_be_mounted,
            cpus_can_be_counted,
        ),
        contexts=frozenset({"docker"}),
        credentials=CredentialsSpec(
            {
                "username": text("The user of the registry.", empty=True),
                "password": text("The password of that user.", empty=True, meta={"secret": True}),
                "registry": text("The registry that they are for; Docker Hub where it is left out.", empty=True),
                "ca_cert": text("The authority that signed the engine's certificate, as PEM; those of the system otherwise.", empty=True),
                "client_cert": text("The certificate to show to the engine, as PEM.", empty=True),
                "client_key": text("The private key of that certificate, as PEM.", empty=True, meta={"secret": True}),
            },
            required=False,
        ),
        appears_within=limits.APPEARS_WITHIN,
    )
