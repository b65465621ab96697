"""The routes of the service, from its OpenAPI document."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from generating.keys import cell
from occopus.rest.openapi import document

METHODS = ("get", "post", "put", "delete")


def rest_page() -> str:
    """All routes in their groups, then what is sent and answered."""
    routes = [(path, method, item) for path, item in document()["paths"].items() for method in METHODS if method in item]
    tags = dict.fromkeys(item[method]["tags"][0] for _, method, item in routes)
    lines = [
        "# REST routes",
        "",
        "A running service has the same at `/openapi.json`. [The service](../service.md) explains how they are meant.",
        "",
    ]
    for tag in tags:
        lines += [f"## {tag.capitalize()}", ""]
        lines += [part for path, method, item in routes if item[method]["tags"][0] == tag for part in _route(path, method, item)]
    return "\n".join([*lines, "## What is sent and answered", "", *_schemas(document()["components"]["schemas"])])


def _route(path: str, method: str, item: Mapping[str, Any]) -> Iterator[str]:
    operation = item[method]
    yield f"### `{method.upper()} {path}`\n"
    yield f"{operation['summary']}\n"
    parameters = [*item.get("parameters", ()), *operation.get("parameters", ())]
    if parameters:
        yield "\n".join(["| parameter | in | meaning |", "|---|---|---|", *(_parameter(each) for each in parameters)]) + "\n"
    if "requestBody" in operation:
        yield "Body: " + "; ".join(f"`{media}`{_of(content)}" for media, content in operation["requestBody"]["content"].items()) + ".\n"
    yield "\n".join(["| answer | |", "|---|---|", *(_answer(status, answer) for status, answer in operation["responses"].items())]) + "\n"


def _parameter(parameter: Mapping[str, Any]) -> str:
    return f"| `{parameter['name']}` | {parameter['in']} | {cell(parameter['description'])} |"


def _answer(status: str, answer: Mapping[str, Any]) -> str:
    if "$ref" in answer:
        answer = document()["components"]["responses"][answer["$ref"].rpartition("/")[2]]
    contents = answer.get("content", {})
    kinds = "; ".join(f"`{media}`{_of(content)}" for media, content in contents.items())
    return f"| {status} | {cell(answer['description'])} {cell(kinds)} |"


def _of(content: Mapping[str, Any]) -> str:
    reference = content.get("schema", {}).get("$ref")
    name = reference.rpartition("/")[2] if reference else ""
    return f" [{name}](#{name.lower()})" if name else ""


def _schemas(schemas: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    for name, schema in schemas.items():
        yield f"### {name}\n"
        yield f"{schema['description']}\n" if "description" in schema else ""
        if "properties" in schema:
            yield "\n".join(["| key | value | meaning |", "|---|---|---|", *(_key(*each) for each in schema["properties"].items())]) + "\n"
        else:
            yield f"{_kind(schema)}\n"


def _key(name: str, schema: Mapping[str, Any]) -> str:
    return f"| `{name}` | {cell(_kind(schema))} | {cell(schema.get('description', ''))} |"


def _kind(schema: Mapping[str, Any]) -> str:
    if "$ref" in schema:
        return _of({"schema": schema}).strip()
    if "enum" in schema:
        return ", ".join(f"`{each}`" for each in schema["enum"])
    several = schema.get("oneOf") or schema.get("anyOf")
    if several:
        return " or ".join(_kind(each) for each in several)
    if "items" in schema:
        return f"list of {_kind(schema['items'])}"
    if isinstance(schema.get("additionalProperties"), Mapping) and schema["additionalProperties"]:
        return f"by name: {_kind(schema['additionalProperties'])}"
    types = schema.get("type", "anything")
    return types if isinstance(types, str) else " or ".join(types)
