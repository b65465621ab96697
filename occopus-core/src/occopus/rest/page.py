"""A page to read the OpenAPI document. It needs no script, and nothing from elsewhere."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from html import escape
from typing import Any

STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; color: #222; }
h2 { margin-top: 2.5rem; text-transform: capitalize; } details { border-top: 1px solid #ddd; padding: .4rem 0; }
summary { cursor: pointer; } code { font: .9em/1.4 ui-monospace, monospace; } b { display: inline-block; width: 4.5rem; }
table { border-collapse: collapse; margin: .5rem 0 .5rem 1rem; } td { padding: .1rem 1rem .1rem 0; vertical-align: top; }
@media (prefers-color-scheme: dark) { body { background: #181818; color: #ddd; } details { border-color: #444; } a { color: #8bf; } }
"""


def page(document: Mapping[str, Any]) -> str:
    """HTML of an OpenAPI document."""
    info = document["info"]
    title = f"{info['title']} {info['version']}"
    head = f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{escape(title)}</title><style>{STYLE}</style>'
    intro = f'<h1>{escape(title)}</h1><p>{escape(info["description"])} <a href="/openapi.json">openapi.json</a></p>'
    return "".join([head, intro, *_parts(document), "</html>"])


def _parts(document: Mapping[str, Any]) -> Iterator[str]:
    tag = ""
    for path, item in document["paths"].items():
        for method in ("get", "post", "put", "delete"):
            if method not in item:
                continue
            operation = item[method]
            if operation["tags"][0] != tag:
                tag = operation["tags"][0]
                yield f"<h2>{escape(tag)}</h2>"
            yield from _operation(document, method, path, operation, item.get("parameters", ()))


def _operation(document: Mapping[str, Any], method: str, path: str, operation: Mapping[str, Any], shared: Any) -> Iterator[str]:
    yield f"<details><summary><b><code>{method.upper()}</code></b> <code>{escape(path)}</code> {escape(operation['summary'])}</summary>"
    yield "<table>"
    for parameter in (*shared, *operation.get("parameters", ())):
        yield _row(f"{parameter['name']} ({parameter['in']})", parameter["description"])
    for media_type in operation.get("requestBody", {}).get("content", ()):
        yield _row("body", media_type)
    for status, answer in operation["responses"].items():
        told = document["components"]["responses"][status] if "$ref" in answer else answer
        yield _row(status, told["description"])
    yield "</table></details>"


def _row(name: str, text: str) -> str:
    return f"<tr><td><code>{escape(name)}</code><td>{escape(text)}"
