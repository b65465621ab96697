"""Descriptions and node definitions that come with a request, in any of the forms in which clients send files."""

from __future__ import annotations

import io
import json
import os.path
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import falcon
from falcon.asgi import Request
from falcon.media import MultipartFormHandler

from occopus.errors import UsageError
from occopus.rest.bodies import body_of, json_of, media_type_of
from occopus.rest.problems import Problem
from occopus.rest.services import RestServices

PLAIN = frozenset(
    {
        "",
        "application/octet-stream",
        "application/x-www-form-urlencoded",  # what `curl --data-binary @file` says of any file
        "application/x-yaml",
        "application/yaml",
        "text/plain",
        "text/x-yaml",
        "text/yaml",
    }
)
"""Media types of a body that is one YAML file."""

DESCRIPTION, DEFINITIONS = "description", "node_definitions"
FILES = 100
"""How many files an upload may have."""


@dataclass(frozen=True)
class Upload:
    """Files by their names. `roots` are those that are read; the others are there to be imported."""

    files: Mapping[str, bytes]
    roots: tuple[str, ...]
    definitions: bool = False
    """Whether node definitions are among the roots."""

    def read(self, path: Path) -> bytes:
        """A file of the upload, by its path there or, if there is only one of that name, by its name alone.

        Raises:
            UsageError: it is not in the upload. No other file is ever read.
        """
        wanted = os.path.normpath(path)
        if wanted in self.files:
            return self.files[wanted]
        named = [name for name in self.files if os.path.basename(name) == os.path.basename(wanted)]
        if len(named) == 1:
            return self.files[named[0]]
        raise UsageError(
            f"'{path}' is not among the files that were sent",
            "send it along, as multipart/form-data; files of the service's machine can't be imported",
        )


async def upload_of(req: Request, services: RestServices, root: str = DESCRIPTION) -> Upload:
    """What a request brings: one YAML file (`root` says what it is), JSON with `description` and `node_definitions`, or a form with files.

    Raises:
        Problem: it is in no form that is known (415), or not right in its form (400, 422).
    """
    kind = media_type_of(req)
    if kind not in PLAIN and kind not in ("application/json", "multipart/form-data"):
        raise Problem(415, f"'{kind[:60]}' is not supported", "send application/yaml, application/json or multipart/form-data")
    content = await body_of(req, services)
    if kind == "application/json":
        return _of_json(json_of(content), root)
    if kind == "multipart/form-data":
        return _of_form(content, req.content_type or "", root)
    return Upload({root: content}, (root,), root == DEFINITIONS)


def _of_json(data: Any, root: str) -> Upload:
    keys = (DESCRIPTION, DEFINITIONS) if root == DESCRIPTION else (DEFINITIONS,)
    if not isinstance(data, Mapping) or root not in data or not data.keys() <= set(keys):
        known = "' and '".join(keys)
        raise Problem(422, f"the body has to be a JSON object with '{known}'", "each is YAML as text, or the same as JSON")
    found = {key: _text(key, data[key]) for key in keys if key in data}
    return Upload(found, tuple(found), DEFINITIONS in found)


def _text(key: str, value: Any) -> bytes:
    if isinstance(value, str):
        return value.encode()
    if isinstance(value, Mapping):
        return json.dumps(value, ensure_ascii=False, indent=1).encode()  # JSON is YAML, too
    raise Problem(422, f"'{key}' has to be YAML as text, or the same as a JSON object")


def _of_form(content: bytes, content_type: str, root: str) -> Upload:
    files: dict[str, bytes] = {}
    roots: dict[str, str] = {}
    for field, name, data in _parts(content, content_type):
        if name in files or field in roots:
            raise Problem(422, f"there are two files named '{name}', or two fields named '{field}'")
        files[name] = data
        if field in (DESCRIPTION, DEFINITIONS):
            roots[field] = name
    if root not in roots:
        raise Problem(422, f"the form has no field '{root}'", f"fields: {DESCRIPTION}, {DEFINITIONS}; other files are there to be imported")
    return Upload(files, tuple(roots.values()), DEFINITIONS in roots)


def _parts(content: bytes, content_type: str) -> list[tuple[str, str, bytes]]:
    """Field, name of the file and content of each part; a field that is no file is a file of its own name."""
    handler = MultipartFormHandler()
    handler.parse_options.max_body_part_count = FILES
    handler.parse_options.max_body_part_buffer_size = len(content) + 1
    try:
        form = handler.deserialize(io.BytesIO(content), content_type, len(content))
        return [(str(part.name or ""), _name(part.filename or part.name), part.get_data()) for part in form]
    except Problem:
        raise
    except falcon.HTTPError as error:
        raise Problem(400, f"the form can't be read: {error.description or error.title}") from None
    except ValueError:
        raise Problem(400, "the form can't be read") from None


def _name(name: str | None) -> str:
    if not name or len(name) > 255 or not name.isprintable():
        raise Problem(422, "a file of the form has no name, or none that can be used")
    return os.path.normpath(name)
