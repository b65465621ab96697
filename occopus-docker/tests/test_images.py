"""Where images come from: a registry, tarballs by URL, the engine itself."""

from __future__ import annotations

import gzip
import logging
import threading
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from busybox import STAY, busybox_tarball

from occopus.model.instance import Handle, NodeState
from occopus.plugins import CreateRequest, ErrorKind, ResourceError
from occopus.testing.user import until
from occopus_docker.delivery import Delivery
from occopus_docker.handler import DockerHandler
from occopus_docker.limits import DELIVERIES
from occopus_docker.progress import Layers
from occopus_docker.tarball import shown

K = ErrorKind


@pytest.fixture
def handler(handler_for: Callable[..., DockerHandler], engine: Any, inside: Any) -> DockerHandler:
    return handler_for(engine.url)


def made(handler: DockerHandler, request: CreateRequest) -> Handle:
    """Make a node as the engine does: create is called again when the next step can be taken."""
    handle = handler.create(request, lambda _: None)

    def ready() -> bool:
        nonlocal handle
        status = handler.describe([handle]).get(handle.node_id)
        if status and status.unfinished and status.state is NodeState.PENDING:
            handle = handler.create(request, lambda _: None)
        return bool(status and status.state is NodeState.READY)

    until(ready, "readiness")
    return handle


def failed(handler: DockerHandler, request: CreateRequest) -> ResourceError:
    with pytest.raises(ResourceError) as raised:
        made(handler, request)
    return raised.value


@pytest.fixture
def script() -> str:
    """What no other test has in its tarball."""
    return f"# {uuid.uuid4()}\ntrap 'exit 0' TERM; sleep 1000000 & wait\n"


RUN = "sh -c /root/start.sh"


class TestRegistry:
    def test_an_image_is_pulled_once_for_many_nodes(self, handler: DockerHandler, request_for: Any, registry: Any, script: str) -> None:
        image = registry.push("team/app", busybox_tarball(script))
        registry.hold_back = threading.Event()
        requests = [request_for(image=image, origin="dockerhub") for _ in range(4)]
        handles = [handler.create(request, lambda _: None) for request in requests]
        statuses = handler.describe(handles)
        assert [(status.state, status.unfinished) for status in statuses.values()] == [(NodeState.PENDING, False)] * 4
        assert all(image in status.detail for status in statuses.values())
        registry.hold_back.set()
        for request in requests:
            made(handler, request)
        assert registry.layers_sent == 1

    def test_a_node_that_waits_for_its_image_can_be_dropped(
        self, handler: DockerHandler, request_for: Any, registry: Any, script: str
    ) -> None:
        registry.hold_back = threading.Event()
        request = request_for(image=registry.push("slow", busybox_tarball(script)), origin="dockerhub")
        handle = handler.create(request, lambda _: None)
        handler.drop(handle)
        assert handler.describe([handle]) == {}
        registry.hold_back.set()

    def test_name_and_password_go_to_their_registry(
        self, handler_for: Any, engine: Any, inside: Any, request_for: Any, registry: Any, script: str
    ) -> None:
        registry.login = ("me", "secret-of-the-registry")
        request = request_for(image=registry.push("private", busybox_tarball(script)), origin="dockerhub")
        secrets = {"username": "me", "password": "secret-of-the-registry", "registry": registry.host}
        error = failed(handler_for(engine.url), request)
        assert error.kind is K.CREDENTIALS
        error = failed(handler_for(engine.url, {**secrets, "password": "wrong-password"}), request)
        assert (error.kind, "wrong-password" in error.message) == (K.CREDENTIALS, False)
        made(handler_for(engine.url, secrets), request)
        assert registry.logins == {"me:wrong-password", "me:secret-of-the-registry"}

    def test_and_to_no_other(self, handler_for: Any, engine: Any, inside: Any, request_for: Any, registry: Any, script: str) -> None:
        registry.login = ("me", "something else")
        request = request_for(image=registry.push("other", busybox_tarball(script)), origin="dockerhub")
        error = failed(handler_for(engine.url, {"username": "me", "password": "secret-of-docker-hub"}), request)
        assert (error.kind, registry.logins) == (K.CREDENTIALS, set())

    def test_an_image_that_is_not_there(self, handler: DockerHandler, request_for: Any, registry: Any) -> None:
        error = failed(handler, request_for(image=f"{registry.host}/nothing", origin="dockerhub"))
        assert error.kind is K.INVALID
        assert "nothing:latest" in error.message

    def test_what_the_engine_has_is_used_when_the_registry_is_away(
        self, handler: DockerHandler, request_for: Any, registry: Any, script: str, caplog: pytest.LogCaptureFixture
    ) -> None:
        image = registry.push("kept", busybox_tarball(script))
        made(handler, request_for(image=image, origin="dockerhub"))
        registry.status = 503
        with caplog.at_level(logging.WARNING, "occopus.docker"):
            made(DockerHandler(handler.config), request_for(image=image, origin="dockerhub"))
        assert "the image that the engine has is used" in caplog.text

    def test_too_many_requests(self, handler: DockerHandler, request_for: Any, registry: Any) -> None:
        registry.status = 429
        error = failed(handler, request_for(image=f"{registry.host}/app", origin="dockerhub"))
        assert error.kind is K.THROTTLED
        assert error.retry_after is not None
        assert error.retry_after > 0


class TestTarball:
    def test_it_is_fetched_once_for_many_nodes(
        self, handler: DockerHandler, request_for: Any, files: Any, inside: Any, script: str
    ) -> None:
        url = files.serve("/app.tar", busybox_tarball(script))
        for _ in range(3):
            made(handler, request_for(RUN, image="app", tag="1", origin=url))
        assert files.replies == [200]
        assert inside.image_id("app:1")

    def test_what_is_unchanged_is_not_downloaded_again(
        self, handler: DockerHandler, request_for: Any, files: Any, inside: Any, script: str
    ) -> None:
        url = files.serve("/app.tar", busybox_tarball(script))
        made(handler, request_for(RUN, image="same", origin=url))
        first = inside.image_id("same")
        made(DockerHandler(handler.config), request_for(RUN, image="same", origin=url))
        assert files.replies == [200, 304]
        files.serve("/app.tar", busybox_tarball(script + "# changed\n"))
        made(DockerHandler(handler.config), request_for(RUN, image="same", origin=url))
        assert files.replies == [200, 304, 200]
        assert inside.image_id("same") != first

    def test_the_same_tarball_makes_one_image_whatever_the_server_says(
        self, handler: DockerHandler, request_for: Any, files: Any, inside: Any, script: str
    ) -> None:
        files.tags = False
        before = len(inside.tarballs)
        for path, image in (("/one.tar", "one"), ("/one.tar", "one"), ("/two.tar", "two")):
            url = files.serve(path, busybox_tarball(script))
            made(DockerHandler(handler.config), request_for(RUN, image=image, origin=url))
        assert (files.replies, len(inside.tarballs) - before) == ([200, 200, 200], 1)
        assert inside.image_id("one") == inside.image_id("two")

    def test_an_engine_that_has_lost_the_image_gets_it_again(
        self, handler: DockerHandler, request_for: Any, files: Any, inside: Any, script: str
    ) -> None:
        url = files.serve("/app.tar", busybox_tarball(script))
        made(handler, request_for(RUN, image="lost", origin=url))
        image = inside.image_id("lost")
        inside.empty()
        inside.client.remove_image(image, force=True)
        made(DockerHandler(handler.config), request_for(RUN, image="lost", origin=url))
        assert files.replies == [200, 200]

    def test_one_that_docker_has_saved(self, handler: DockerHandler, request_for: Any, files: Any, inside: Any, script: str) -> None:
        inside.client.import_image_from_data(busybox_tarball(script), "to-be-saved", "1", changes=["ENV saved=yes"])
        saved = b"".join(inside.client.get_image("to-be-saved:1"))
        inside.client.remove_image("to-be-saved:1")
        handle = made(handler, request_for(RUN, image="was-saved", origin=files.serve("/saved.tar", saved)))
        found = inside.client.inspect_container(handle.ids["container_id"])
        assert (found["Config"]["Image"], "saved=yes" in found["Config"]["Env"]) == ("was-saved:latest", True)

    def test_one_that_is_compressed(self, handler: DockerHandler, request_for: Any, files: Any, script: str) -> None:
        url = files.serve("/app.tar.gz", gzip.compress(busybox_tarball(script)))
        made(handler, request_for(RUN, image="compressed", origin=url))

    def test_it_says_how_far_it_is(self, handler: DockerHandler, request_for: Any, files: Any, script: str) -> None:
        files.hold_back = threading.Event()
        content = busybox_tarball(script)
        request = request_for(RUN, image="slow", origin=files.serve("/slow.tar", content) + "?token=secret-token")
        handle = handler.create(request, lambda _: None)

        def detail() -> str:
            status = handler.describe([handle])[handle.node_id]
            assert (status.state, status.unfinished) == (NodeState.PENDING, False)
            return status.detail

        until(lambda: "MB" in detail(), "progress")
        assert detail().startswith(f"downloading {files.url}/slow.tar: ")
        assert detail().endswith(f" of {len(content) / 1e6:.1f} MB")
        files.hold_back.set()
        made(handler, request)

    @pytest.mark.parametrize(
        ("content", "message"), [(b"<html>not here</html>", "is no tarball"), (b"\0" * 10240, "is empty"), (b"", "is no tarball")]
    )
    def test_what_is_no_tarball(self, handler: DockerHandler, request_for: Any, files: Any, content: bytes, message: str) -> None:
        error = failed(handler, request_for(origin=files.serve("/page", content) + "?token=secret-token", image="page"))
        assert (error.kind, message in error.message, "token" in error.message) == (K.INVALID, True, False)

    @pytest.mark.parametrize(("status", "kind"), [(404, K.INVALID), (403, K.CREDENTIALS), (429, K.THROTTLED), (503, K.TRANSIENT)])
    def test_what_the_server_answers(self, handler: DockerHandler, request_for: Any, files: Any, status: int, kind: ErrorKind) -> None:
        files.status = status
        error = failed(handler, request_for(origin=f"{files.url}/nothing.tar", image="nothing-at-all"))
        assert (error.kind, str(status) in error.message) == (kind, True)

    def test_a_download_that_is_cut_off(self, handler: DockerHandler, request_for: Any, files: Any, inside: Any, script: str) -> None:
        files.cut_off = True
        before = inside.tarballs
        error = failed(handler, request_for(origin=files.serve("/app.tar", busybox_tarball(script)), image="cut-off"))
        assert (error.kind, inside.tarballs) == (K.TRANSIENT, before)

    def test_what_the_engine_has_is_used_when_the_server_is_away(
        self, handler: DockerHandler, request_for: Any, files: Any, script: str
    ) -> None:
        request = request_for(RUN, origin=files.serve("/app.tar", busybox_tarball(script)), image="kept-too")
        made(handler, request)
        files.status = 503
        again = request_for(RUN, origin=request.resource["origin"], image="kept-too")
        made(DockerHandler(handler.config), again)

    def test_nothing_stays_in_the_users_directory_but_notes_without_urls(
        self, handler: DockerHandler, request_for: Any, files: Any, script: str
    ) -> None:
        made(handler, request_for(RUN, origin=files.serve("/app.tar", busybox_tarball(script)) + "?token=secret-token", image="noted"))
        (note,) = (handler.config.data_dir / "docker").iterdir()
        assert note.stat().st_size < 500
        assert "token" not in note.read_text() + note.name


def test_an_image_that_must_be_there(handler: DockerHandler, request_for: Any) -> None:
    error = failed(handler, request_for(STAY, image="nothing", origin="local"))
    assert (error.kind, "no image nothing:latest" in error.message) == (K.INVALID, True)


def test_what_fails_again_and_again_ends() -> None:
    def fail(report: object) -> None:
        raise ResourceError(K.TRANSIENT, "not now")

    def error_of(number: int) -> ResourceError:
        delivery = Delivery("app", fail, number)
        until(lambda: delivery.is_over, "the end")
        with pytest.raises(ResourceError, match="not now") as raised:
            delivery.check()
        return raised.value

    early, last = error_of(1), error_of(DELIVERIES)
    assert early.kind is K.TRANSIENT
    assert early.retry_after is not None
    assert 0 < early.retry_after <= 1
    assert (last.kind, last.retry_after) == (K.UNKNOWN, None)


def test_the_layers_of_a_pull_are_added_up() -> None:
    layers = Layers("app:1")
    assert layers.progress({"status": "Pulling from app", "id": "1"}) == "pulling the image app:1"
    layers.progress({"status": "Downloading", "id": "a", "progressDetail": {"current": 1_000_000, "total": 4_000_000}})
    layers.progress({"status": "Downloading", "id": "b", "progressDetail": {"current": 2_000_000, "total": 6_000_000}})
    assert layers.progress({"status": "Download complete", "id": "a"}) == "pulling the image app:1: 6.0 of 10.0 MB"


def test_a_url_is_shown_without_what_may_be_a_token() -> None:
    assert shown("https://example.org/a/b.tar?token=1#x") == "https://example.org/a/b.tar"
