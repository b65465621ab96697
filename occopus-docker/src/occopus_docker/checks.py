"""Rules that a schema can't express."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import SplitResult, urlsplit

from occopus.model.node import Section
from occopus.plugins import Problem

SCHEMES = ("unix", "npipe", "tcp", "http", "https", "ssh")
REGISTRY, LOCAL = "dockerhub", "local"
"""Origins that are no URL."""

NUMBERS = r"[0-9]{1,5}(?:-[0-9]{1,5})?"
PORT = re.compile(rf"(?:(?:[0-9.]+|\[[0-9A-Fa-f:]+\]):)?(?:(?:{NUMBERS})?:)?{NUMBERS}(?:/(?:tcp|udp|sctp))?")
MOUNT = re.compile(r"(?:[^:]+:)?/[^:]*(?::[a-zA-Z,]+)?")
"""As `docker run` takes them."""


def endpoint_is_of_an_engine(section: Section) -> Iterator[Problem]:
    url = _parts(section["endpoint"])
    if url is None or url.scheme not in SCHEMES or url.query or url.fragment:
        hint = "unix:///var/run/docker.sock, tcp://192.0.2.1:2376 or ssh://user@example.org for example"
        yield Problem(("endpoint",), f"'endpoint' must begin with one of {', '.join(f'{scheme}://' for scheme in SCHEMES)}", hint)
    elif url.password or (url.username and url.scheme != "ssh"):
        yield Problem(("endpoint",), "'endpoint' holds a user name or password", "credentials belong in the authentication file")
    elif url.scheme in ("tcp", "http", "https") and not (url.hostname and url.port):
        yield Problem(("endpoint",), "'endpoint' must name host and port", "engines listen on 2376 with TLS, and without it on 2375")
    elif url.scheme == "ssh" and (not url.hostname or url.path.strip("/")):
        yield Problem(("endpoint",), "'endpoint' must have the form ssh://USER@HOST or ssh://USER@HOST:PORT")


def origin_is_known(section: Section) -> Iterator[Problem]:
    origin = section.get("origin", REGISTRY)
    if origin in (REGISTRY, LOCAL):
        return
    url = _parts(origin)
    if url is None or url.scheme not in ("http", "https") or not url.hostname:
        yield Problem(("origin",), f"'origin' must be {REGISTRY}, {LOCAL}, or a URL that begins with http:// or https://")
    elif "@" in url.netloc:
        yield Problem(("origin",), "'origin' holds a user name or password", "it would be stored and shown")


def image_has_one_tag(section: Section) -> Iterator[Problem]:
    image = section["image"]
    if "tag" in section and has_tag(image):
        yield Problem(("tag",), f"the image '{image}' names its tag or digest already", "leave one of them out")
    if "://" in image:
        yield Problem(("image",), "'image' is a name, no URL", "the URL of a tarball is its 'origin'")
    if "@" in image and section.get("origin", REGISTRY) not in (REGISTRY, LOCAL):
        yield Problem(("image",), "what is made from a tarball can't be called by a digest", "give it a name and a tag")


def network_is_given_once(section: Section) -> Iterator[Problem]:
    if "network_mode" in section:
        given = "network" in section
        hint = "'network' is used" if given else "say 'network'"
        yield Problem(("network_mode",), "'network_mode' is deprecated", hint, warning=True)


def ports_can_be_published(section: Section) -> Iterator[Problem]:
    for index, port in enumerate(section.get("ports") or ()):
        numbers = [int(number) for number in re.findall(r"[0-9]+", _without_address(str(port)))]
        if not PORT.fullmatch(str(port)) or not all(0 < number < 65536 for number in numbers):
            yield Problem(("ports", index), f"'{port}' is no port to publish", "80, 8080:80, 127.0.0.1:8080:80 or 53:53/udp for example")


def volumes_can_be_mounted(section: Section) -> Iterator[Problem]:
    for index, volume in enumerate(section.get("volumes") or ()):
        if not MOUNT.fullmatch(volume):
            yield Problem(
                ("volumes", index), f"'{volume}' can't be mounted", "data:/srv, /home/me/data:/srv or /etc/me:/etc/me:ro for example"
            )


def cpus_can_be_counted(section: Section) -> Iterator[Problem]:
    if "cpus" not in section:
        return
    try:
        enough = float(section["cpus"]) >= 0.01
    except ValueError:
        enough = False
    if not enough:
        yield Problem(("cpus",), "'cpus' must be a number of at least 0.01", "1.5 for example")


def has_tag(image: str) -> bool:
    """Whether the name of an image ends with a tag or a digest."""
    return "@" in image or ":" in image.rpartition("/")[2]


def _parts(url: str) -> SplitResult | None:
    try:
        parts = urlsplit(url)
        _ = parts.port, parts.hostname
    except ValueError:
        return None
    return parts


def _without_address(port: str) -> str:
    """The part of a port that consists of ports."""
    return ":".join(port.rpartition("]")[2].split(":")[-2:])
