"""A backend that tells all it was given in its errors, in every form. It makes local nodes; `$LEAKY` says which of its calls fails."""

from __future__ import annotations

import base64
import html
import json
import logging
import os
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any
from urllib.parse import quote, quote_plus

from occopus.builtin.local.handler import LocalHandler
from occopus.model.infrastructure import InfraId
from occopus.model.instance import Handle, NodeId
from occopus.plugins import CreateRequest, CredentialsSpec, ErrorKind, ResourceError, ResourceHandlerSpec, ResourceStatus, hookimpl
from occopus.plugins.resource import Checkpoint


class Leaky(LocalHandler):
    def create(self, request: CreateRequest, checkpoint: Checkpoint) -> Handle:
        self._perhaps_fail("create", request)
        if os.environ.get("LEAKY") == "hang":
            checkpoint(request.handle)
            time.sleep(600)
        return super().create(request, checkpoint)

    def describe(self, handles: Sequence[Handle]) -> Mapping[NodeId, ResourceStatus]:
        self._perhaps_fail("describe")
        found = super().describe(handles)
        if os.environ.get("LEAKY") == "detail":
            return {id: replace(status, detail=self._words()) for id, status in found.items()}
        return found

    def drop(self, handle: Handle) -> None:
        self._perhaps_fail("drop")
        super().drop(handle)

    def find(self, infra_id: InfraId) -> Iterable[Handle]:
        self._perhaps_fail("find")
        return super().find(infra_id)

    def _words(self, request: CreateRequest | None = None) -> str:
        context = asdict(request.context) if request and request.context else {}  # type: ignore[call-overload]
        given = [
            *_texts(self.config.credentials),
            *_texts(self.config.section),
            *_texts(request.resource if request else {}),
            *_texts(context),
        ]
        return "refused: " + " | ".join(form for text in given for form in _forms(text))

    def _perhaps_fail(self, call: str, request: CreateRequest | None = None) -> None:
        what, _, how = os.environ.get("LEAKY", "").partition("-")
        if what != call:
            return
        words = self._words(request)
        self.config.logger.warning("the backend says %s", words)
        logging.getLogger("some.sdk").debug("answer: %r", {"credentials": self.config.credentials})
        if how == "bug":
            raise RuntimeError(words)
        try:
            raise ValueError(words)
        except ValueError as error:
            self.config.logger.info("it failed", exc_info=error)
            raise ResourceError(ErrorKind(how or "invalid"), words) from error


def _texts(data: Any) -> Iterator[str]:
    if isinstance(data, str):
        yield data
    elif isinstance(data, Mapping):
        for value in data.values():
            yield from _texts(value)
    elif isinstance(data, list | tuple):
        for value in data:
            yield from _texts(value)


def _forms(text: str) -> Iterator[str]:
    yield from (
        text,
        quote(text),
        quote(text, safe=""),
        quote_plus(text),
        html.escape(text),
        json.dumps(text),
        repr(text),
        repr(text.encode()),
    )
    yield from (base64.b64encode(f"user:{text}".encode()).decode(), base64.urlsafe_b64encode(text.encode()).decode())
    yield from (f"{text[:33]}...", f"...{text[-30:]}")


@hookimpl
def occopus_resource_handlers() -> Iterator[ResourceHandlerSpec]:
    text = {"type": "string"}
    yield ResourceHandlerSpec(
        type="leaky",
        handler="leaky:Leaky",
        schema={"name": text, "api_key": text, "size": {"type": "integer"}, "label": text, "note": text},
        contexts=frozenset({"cloudinit", "docker"}),
        credentials=CredentialsSpec({"password": text}, required=False),
        appears_within=0.0,
    )
