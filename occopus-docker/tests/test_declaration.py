"""What users may write, and what is loaded meanwhile."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from occopus.plugins import Problem
from occopus.plugins.registry import Registry
from occopus.testing.user import User
from occopus_docker.launch import reference

EXAMPLE = Path(__file__).parents[1] / "examples" / "ping"
README = (Path(__file__).parents[1] / "README.md").read_text()


@pytest.fixture
def problems(occopus_registry: Registry) -> Any:
    """What the checks find in a section."""
    checks = occopus_registry.resource_handler("docker").checks

    def found(**changes: Any) -> list[Problem]:
        section = {"type": "docker", "endpoint": "unix:///var/run/docker.sock", "image": "busybox", **changes}

        def each() -> Iterator[Problem]:
            for check in checks:
                yield from check(section)

        return list(each())

    return found


@pytest.mark.parametrize(
    "changes",
    [
        {"endpoint": "unix:///run/user/1000/docker.sock"},
        {"endpoint": "tcp://192.0.2.1:2376"},
        {"endpoint": "http://127.0.0.1:1/"},
        {"endpoint": "https://[::1]:2376"},
        {"endpoint": "ssh://me@example.org"},
        {"endpoint": "ssh://example.org:2222"},
        {"image": "registry.example.org:5000/team/app", "tag": 3},
        {"image": "busybox:1.36"},
        {"image": f"busybox@sha256:{'0' * 64}"},
        {"origin": "dockerhub"},
        {"origin": "local", "image": f"busybox@sha256:{'0' * 64}"},
        {"origin": "https://example.org/image.tar?token=1"},
        {"ports": [80, "80", "8080:80", "127.0.0.1:8080:80/udp", "127.0.0.1::80", "[::1]:8000-8001:80-81"]},
        {"volumes": ["/data", "data:/data", "/a/b:/c:ro", "data:/data:rw,z"]},
        {"cpus": 1.5},
        {"cpus": "0.5"},
    ],
)
def test_what_may_be_written(problems: Any, changes: dict[str, Any]) -> None:
    assert problems(**changes) == []


@pytest.mark.parametrize(
    ("changes", "path", "message"),
    [
        ({"endpoint": "/var/run/docker.sock"}, ("endpoint",), "must begin with one of unix://"),
        ({"endpoint": "ftp://example.org"}, ("endpoint",), "must begin with"),
        ({"endpoint": "tcp://example.org"}, ("endpoint",), "host and port"),
        ({"endpoint": "tcp://example.org:70000"}, ("endpoint",), "must begin"),
        ({"endpoint": "tcp://me:secret@example.org:2375"}, ("endpoint",), "user name or password"),
        ({"endpoint": "ssh://me:secret@example.org"}, ("endpoint",), "user name or password"),
        ({"endpoint": "ssh://example.org/docker"}, ("endpoint",), "ssh://USER@HOST"),
        ({"origin": "Docker Hub"}, ("origin",), "must be dockerhub, local, or a URL"),
        ({"origin": "file:///image.tar"}, ("origin",), "must be dockerhub"),
        ({"origin": "http://me:secret@example.org/image.tar"}, ("origin",), "user name or password"),
        ({"image": "busybox:1", "tag": "2"}, ("tag",), "names its tag"),
        ({"image": "http://example.org/image.tar"}, ("image",), "no URL"),
        ({"image": "a@sha256:0", "origin": "http://example.org/image.tar"}, ("image",), "by a digest"),
        ({"ports": [80, 0]}, ("ports", 1), "no port"),
        ({"ports": ["80:70000"]}, ("ports", 0), "no port"),
        ({"ports": ["80/icmp"]}, ("ports", 0), "no port"),
        ({"volumes": ["data:srv"]}, ("volumes", 0), "can't be mounted"),
        ({"cpus": 0}, ("cpus",), "at least 0.01"),
        ({"cpus": "many"}, ("cpus",), "at least 0.01"),
    ],
)
def test_what_may_not(problems: Any, changes: dict[str, Any], path: tuple[str | int, ...], message: str) -> None:
    (problem,) = problems(**changes)
    assert (problem.path, problem.warning) == (path, False)
    assert message in problem.message
    assert "secret" not in problem.message


def test_the_old_key_is_taken_with_a_warning(problems: Any) -> None:
    (problem,) = problems(network_mode="host")
    assert (problem.path, problem.warning, problem.hint) == (("network_mode",), True, "say 'network'")


@pytest.mark.parametrize(
    ("section", "expected"),
    [
        ({"image": "busybox"}, "busybox:latest"),
        ({"image": "busybox", "tag": 1}, "busybox:1"),
        ({"image": "busybox:1.36"}, "busybox:1.36"),
        ({"image": "example.org:5000/busybox"}, "example.org:5000/busybox:latest"),
        ({"image": "busybox@sha256:0"}, "busybox@sha256:0"),
    ],
)
def test_the_name_of_an_image(section: dict[str, Any], expected: str) -> None:
    assert reference(section) == expected


def test_the_readme_shows_the_files_of_the_example_and_every_key(occopus_registry: Registry) -> None:
    for file in EXAMPLE.rglob("*.yaml"):
        assert f"`{file.relative_to(EXAMPLE)}`:\n\n```yaml\n{file.read_text()}```\n" in README
    for key in occopus_registry.resource_handler("docker").schema:
        assert f"\n| `{key}` |" in README


@pytest.mark.parametrize(
    "arguments",
    [["--help"], ["plugins"], ["validate", str(EXAMPLE / "infra-docker-ping.yaml"), str(EXAMPLE / "nodes" / "node_definitions.yaml")]],
    ids=lambda arguments: arguments[0],
)
def test_commands_that_call_nobody_load_no_sdk(arguments: list[str], home: User) -> None:
    loaded = home.modules_loaded_by(*arguments)
    assert [name for name in loaded if name.partition(".")[0] in ("docker", "requests", "urllib3", "paramiko")] == []
    assert ("occopus_docker.plugin" in loaded) == (arguments != ["--help"])
    assert "occopus_docker.handler" not in loaded
