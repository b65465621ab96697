"""Images from tarballs by URL.

A tarball is downloaded to a nameless file while its SHA-256 is taken. The image that is made from it is called `occopus-tarball:DIGEST`
besides the name that it is wanted by: so an engine gets the same tarball once, whatever URLs and names it is asked for by. Of each URL a
note is kept of what the server said identifies the content, so that what is unchanged is not even downloaded.
"""

from __future__ import annotations

import hashlib
import json
import logging
import re
import tarfile
import tempfile
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import BinaryIO
from urllib.parse import urlsplit

import requests

from occopus.plugins import ResourceError
from occopus_docker.delivery import PASSING, Report
from occopus_docker.engine import Engine
from occopus_docker.failures import invalid, refused, translated
from occopus_docker.progress import amount

KEPT = "occopus-tarball"
"""The repository, in the engine, of what was made from tarballs."""

CONNECT, READ = 10.0, 60.0
"""Seconds that a server may take to be reached, and to send something."""

PIECE = 1 << 18
"""Bytes that are read at a time."""

SAVED = re.compile(r"(\./)?([0-9a-f]{64}(/.*|\.json)?|blobs(/.*)?|manifest\.json|index\.json|oci-layout|repositories)")
"""How the first member of what `docker save` writes is called, in its old form and in that of OCI."""


@dataclass(frozen=True)
class Note:
    """What a server said of a tarball, and what the tarball was."""

    digest: str
    etag: str = ""
    modified: str = ""


class Tarballs:
    def __init__(self, engine: Engine, folder: Path, logger: logging.Logger) -> None:
        self._engine = engine
        self._folder = folder
        self._logger = logger

    def fetch(self, url: str, name: str, report: Report) -> None:
        """Let the engine have the image from a URL under a name.

        Raises:
            ResourceError: the tarball can't be had, or is none.
        """
        with translated(f"fetching {shown(url)}"):
            self._folder.mkdir(parents=True, exist_ok=True)
            note = self._note(url)
            known = note if note and self._has(note.digest) else None
            digest = self._current(url, known, report)
        self._engine.tag(f"{KEPT}:{digest}", *_parts(name))

    def _current(self, url: str, known: Note | None, report: Report) -> str:
        """The digest of the tarball that is at the URL now, which the engine has afterwards."""
        try:
            with requests.get(url, headers=_unless_unchanged(known), stream=True, timeout=(CONNECT, READ)) as reply:
                if known and reply.status_code == 304:
                    return known.digest
                if not reply.ok:
                    raise refused(f"fetching {shown(url)}", f"{reply.status_code} {reply.reason}", reply.status_code)
                return self._taken(url, reply, report)
        except (requests.RequestException, ResourceError) as error:
            if known is None or (isinstance(error, ResourceError) and error.kind not in PASSING):
                raise
            self._logger.warning("%s can't be fetched; what the engine has from there is used", shown(url))
            return known.digest

    def _taken(self, url: str, reply: requests.Response, report: Report) -> str:
        with tempfile.TemporaryFile(dir=self._folder) as file:
            digest = _downloaded(reply, file, lambda done, all: report(amount(f"downloading {shown(url)}", done, all)))
            if not self._has(digest):
                report(f"unpacking {shown(url)}")
                self._unpack(url, file, digest)
        headers = reply.headers
        self._keep(url, Note(digest, headers.get("ETag", ""), headers.get("Last-Modified", "")))
        return digest

    def _unpack(self, url: str, file: BinaryIO, digest: str) -> None:
        first = _first_member(url, file)
        file.seek(0)
        if SAVED.fullmatch(first):
            self._engine.tag(self._engine.load_image(file), KEPT, digest)
        else:
            self._engine.import_image(file, KEPT, digest)

    def _has(self, digest: str) -> bool:
        return self._engine.image_id(f"{KEPT}:{digest}") is not None

    def _note(self, url: str) -> Note | None:
        with suppress(OSError, ValueError, TypeError):
            return Note(**json.loads(self._note_file(url).read_text()))
        return None

    def _keep(self, url: str, note: Note) -> None:
        with tempfile.NamedTemporaryFile("w", dir=self._folder, delete=False) as file:
            json.dump(asdict(note), file)
        Path(file.name).replace(self._note_file(url))

    def _note_file(self, url: str) -> Path:
        return self._folder / f"{hashlib.sha256(url.encode()).hexdigest()}.json"  # the URL itself may hold a token


def shown(url: str) -> str:
    """A URL without its query, which may hold a token."""
    return urlsplit(url)._replace(query="", fragment="").geturl()


def _unless_unchanged(known: Note | None) -> Mapping[str, str]:
    headers = {"Accept-Encoding": "identity"}
    if known and known.etag:
        headers["If-None-Match"] = known.etag
    if known and known.modified:
        headers["If-Modified-Since"] = known.modified
    return headers


def _downloaded(reply: requests.Response, file: BinaryIO, report: Callable[[int, int | None], None]) -> str:
    """The digest of what is written to the file."""
    digest, done = hashlib.sha256(), 0
    length = reply.headers.get("Content-Length", "")
    for piece in reply.iter_content(PIECE):
        file.write(piece)
        digest.update(piece)
        done += len(piece)
        report(done, int(length) if length.isdigit() else None)
    return digest.hexdigest()


def _first_member(url: str, file: BinaryIO) -> str:
    file.seek(0)
    try:
        with tarfile.open(fileobj=file) as tarball:
            first = tarball.next()
    except (tarfile.TarError, EOFError) as error:
        raise invalid(f"what is at {shown(url)} is no tarball: {error}") from None
    if first is None:
        raise invalid(f"the tarball at {shown(url)} is empty")
    return first.name


def _parts(name: str) -> tuple[str, str]:
    repository, _, tag = name.rpartition(":")
    return repository, tag
