"""The OpenAPI document: what each path takes and answers. A test compares it with the routes, another asks the service at random by it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.metadata import version
from typing import Any

from occopus.rest.schemas import SCHEMAS

Json = dict[str, Any]

PROBLEMS = {
    400: "The request can't be read.",
    401: "A token is needed, or this one is not known.",
    403: "A page of another origin may not ask.",
    404: "There is nothing of that name, or it is somebody else's.",
    408: "The body did not come in time.",
    409: "It does not go together with what is going on at the moment.",
    413: "The body is too large.",
    415: "The media type is not supported.",
    421: "The service has another name.",
    422: "What was asked for or sent has faults; `errors` has each with its place.",
    503: "Not at the moment.",
}
ALWAYS = (403, 421, 503)
GUARDED = (401, *ALWAYS)
JSON_SENT = (400, 408, 413, 422)
UPLOADED = (400, 408, 413, 415, 422)


FLAG: Json = {"enum": ["", "1", "true", "yes", "0", "false", "no"], "default": "false"}
"""A parameter that may stand alone, as `?all`."""


def ref(name: str) -> Json:
    return {"$ref": f"#/components/schemas/{name}"}


def answered(description: str, schema: Json | None = None, media_type: str = "application/json") -> Json:
    return {"description": description} | ({"content": {media_type: {"schema": schema}}} if schema else {})


def operation(id: str, summary: str, answers: Mapping[int, Json], *problems: int, **more: Any) -> Json:
    """An operation that needs a token. Its first tag is the part of the path that it belongs to."""
    responses = {str(status): answer for status, answer in answers.items()}
    for status in sorted({*problems, *GUARDED}):
        responses[str(status)] = {"$ref": f"#/components/responses/{status}"}
    return {"operationId": id, "summary": summary, **more, "responses": responses}


def open_operation(id: str, summary: str, answers: Mapping[int, Json], **more: Any) -> Json:
    """One that everybody may ask for."""
    made = operation(id, summary, answers, **more, security=[])
    del made["responses"]["401"]
    return made


def path_parameter(name: str, description: str, schema: Json) -> Json:
    return {"name": name, "in": "path", "required": True, "description": description, "schema": schema}


INFRA = path_parameter("infra_id", "The infrastructure's identifier.", {"type": "string", "pattern": r"^[A-Za-z0-9_.:-]{1,100}$"})
NODE = path_parameter("node", "The node's name.", {"type": "string", "pattern": "^[A-Za-z0-9-]{1,63}$"})
INSTANCE = path_parameter("instance", "The instance's id, or an address of it.", {"type": "string", "pattern": r"^[A-Za-z0-9_.:-]{1,255}$"})
NAME = path_parameter("name", "The node definition's name.", {"type": "string", "pattern": r"^[A-Za-z0-9_.-]{1,100}$"})


def count(least: int) -> Json:
    return path_parameter("count", "How many.", {"type": "integer", "minimum": least, "maximum": 1_000_000})


def query(name: str, description: str, schema: Json) -> Json:
    return {"name": name, "in": "query", "required": False, "description": description, "schema": schema}


DRY_RUN = query("dry_run", "Only say what would be done.", FLAG)


def upload(json_schema: str, form_schema: str) -> Json:
    yaml = {"schema": {"type": "string"}}
    return {
        "required": True,
        "content": {
            "application/yaml": yaml,
            "application/json": {"schema": ref(json_schema)},
            "multipart/form-data": {"schema": ref(form_schema)},
        },
    }


DESCRIPTION = upload("Upload", "Files")
DEFINITIONS = upload("DefinitionsUpload", "DefinitionsFiles")
ACCEPTED = {202: answered("It will be carried out.", ref("Infra"))}
PLANNED = {200: answered("With `dry_run`: what would be done.", ref("Plan"))}
CREATED = answered("It is being built, and kept from now on.", ref("Infra")) | {
    "headers": {"Location": {"description": "Where it is.", "schema": {"type": "string"}}}
}
EVENTS_ANSWER = answered("The events, the oldest first.", ref("Events"))
EVENTS_ANSWER["content"]["text/event-stream"] = {"schema": {"type": "string"}}


def _scaled(id: str, summary: str, *parameters: Json) -> Json:
    answers = {202: answered("The next pass, which comes at once, carries it out.", ref("Scaled"))}
    return {"post": operation(id, summary, answers, 404, 409, 422, tags=["scaling"]), "parameters": [INFRA, NODE, *parameters]}


def sent(schema: str) -> Json:
    """A body of JSON."""
    return {"required": True, "content": {"application/json": {"schema": ref(schema)}}}


def _alerts(id: str, summary: str, *problems: int) -> Json:
    answers = {202: answered("What is made of each alert that fires; the next pass carries it out.", ref("Answers"))}
    return operation(id, summary, answers, *problems, *JSON_SENT, requestBody=sent("Alerts"), tags=["scaling"])


INFRASTRUCTURES, DEFINED, SERVICE = ["infrastructures"], ["node definitions"], ["service"]
"""Tags."""
EVERY = query("all", "Also those that are not attached.", FLAG)
AFTER = query("after", "Only events after the one of this id.", {"type": "string", "pattern": "^[0-9]{0,30}$"})
LIMIT = query("limit", "How many at the most.", {"type": "integer", "minimum": 1, "maximum": 1000, "default": 1000})
LAST = {
    "name": "Last-Event-ID",
    "in": "header",
    "required": False,
    "description": "Of a stream: go on after the event of this id.",
    "schema": {"type": "string", "pattern": "^[0-9]{0,30}$"},
}


def _infrastructures() -> dict[str, Json]:
    """Building, changing and removing."""
    return {
        "/infrastructures": {
            "get": operation(
                "list",
                "List the infrastructures that are maintained.",
                {200: answered("Their identifiers.", ref("List"))},
                422,
                parameters=[EVERY],
                tags=INFRASTRUCTURES,
            ),
            "post": operation(
                "build",
                "Build an infrastructure and maintain it.",
                PLANNED | {201: CREATED},
                *UPLOADED,
                parameters=[DRY_RUN],
                requestBody=DESCRIPTION,
                tags=INFRASTRUCTURES,
            ),
        },
        "/infrastructures/{infra_id}": {
            "parameters": [INFRA],
            "get": operation(
                "report", "Report it as it was last seen.", {200: answered("By node.", ref("Report"))}, 404, tags=INFRASTRUCTURES
            ),
            "put": operation(
                "reconfigure",
                "Make it what a new description says.",
                PLANNED | ACCEPTED,
                404,
                409,
                *UPLOADED,
                parameters=[DRY_RUN],
                requestBody=DESCRIPTION,
                tags=INFRASTRUCTURES,
            ),
            "delete": operation("destroy", "Destroy it with all that was made for it.", ACCEPTED, 404, 409, tags=INFRASTRUCTURES),
        },
    }


def _looks() -> dict[str, Json]:
    """What is known of an infrastructure."""
    return {
        "/infrastructures/{infra_id}/status": {
            "parameters": [INFRA],
            "get": operation(
                "status",
                "What is going on with it, and what the last pass came to.",
                {200: answered("Its state.", ref("Status"))},
                404,
                tags=INFRASTRUCTURES,
            ),
        },
        "/infrastructures/{infra_id}/plan": {
            "parameters": [INFRA],
            "get": operation(
                "plan", "What the next pass would do.", {200: answered("The steps.", ref("Plan"))}, 404, 422, tags=INFRASTRUCTURES
            ),
        },
        "/infrastructures/{infra_id}/cost": {
            "parameters": [INFRA],
            "get": operation(
                "cost",
                "What its instances have cost so far.",
                {200: answered("By node and instance.", ref("Costs"))},
                404,
                422,
                tags=INFRASTRUCTURES,
            ),
        },
        "/infrastructures/{infra_id}/events": {
            "parameters": [INFRA],
            "get": operation(
                "events",
                "What happened to it, also if it is gone: as JSON, or as a stream that goes on.",
                {200: EVENTS_ANSWER, 204: answered("Of a stream: nothing more will come.")},
                404,
                422,
                parameters=[AFTER, LIMIT, LAST],
                tags=INFRASTRUCTURES,
            ),
        },
    }


def _upkeep() -> dict[str, Json]:
    """What is asked of those who keep it."""
    return {
        "/infrastructures/{infra_id}/attach": {
            "parameters": [INFRA],
            "post": operation("attach", "Maintain it from now on.", ACCEPTED, 404, 409, tags=INFRASTRUCTURES),
        },
        "/infrastructures/{infra_id}/detach": {
            "parameters": [INFRA],
            "post": operation("detach", "Do not touch it any more.", ACCEPTED, 404, 409, tags=INFRASTRUCTURES),
        },
        "/infrastructures/{infra_id}/scaleup/{node}": _scaled("scaleUpByOne", "One instance more."),
        "/infrastructures/{infra_id}/scaleup/{node}/{count}": _scaled("scaleUp", "So many instances more.", count(1)),
        "/infrastructures/{infra_id}/scaledown/{node}": _scaled("scaleDown", "One instance fewer: the youngest goes."),
        "/infrastructures/{infra_id}/scaledown/{node}/{instance}": _scaled("scaleDownOne", "One instance fewer: this one.", INSTANCE),
        "/infrastructures/{infra_id}/scaleto/{node}/{count}": _scaled("scaleTo", "Exactly so many instances.", count(0)),
        "/infrastructures/{infra_id}/notify": {
            "parameters": [INFRA],
            "get": operation("targets", "Where its events go.", {200: answered("The targets.", ref("Targets"))}, 404, tags=INFRASTRUCTURES),
            "post": operation(
                "notify",
                "Say where its events go.",
                {200: answered("They go there from now on.", ref("Infra"))},
                404,
                *JSON_SENT,
                requestBody=sent("NotifyUpload"),
                tags=INFRASTRUCTURES,
            ),
        },
        "/infrastructures/{infra_id}/alerts": {
            "parameters": [INFRA],
            "post": _alerts("alertsOfOne", "Alerts for one infrastructure.", 404),
        },
        "/alerts": {"post": _alerts("alerts", "Alerts for the infrastructures that they name.")},
    }


def _definitions() -> dict[str, Json]:
    return {
        "/node_definitions": {
            "get": operation(
                "listDefinitions", "List your node definitions.", {200: answered("Their names.", ref("Definitions"))}, tags=DEFINED
            ),
            "post": operation(
                "importDefinitions",
                "Import node definitions, each in place of an earlier one of its name.",
                {200: answered("The names of those that were imported.", ref("Definitions"))},
                *UPLOADED,
                requestBody=DEFINITIONS,
                tags=DEFINED,
            ),
        },
        "/node_definitions/{name}": {
            "parameters": [NAME],
            "get": operation(
                "getDefinition",
                "A node definition. Values that look like secrets are masked.",
                {200: answered("Its implementations.", ref("Definition"))},
                404,
                tags=DEFINED,
            ),
            "put": operation(
                "putDefinition",
                "Import one node definition.",
                {204: answered("It is imported.")},
                *UPLOADED,
                requestBody=DEFINITIONS,
                tags=DEFINED,
            ),
            "delete": operation(
                "deleteDefinition",
                "Remove it. What was built from it is left alone.",
                {204: answered("It is removed.")},
                404,
                tags=DEFINED,
            ),
        },
    }


def _service() -> dict[str, Json]:
    return {
        "/metrics": {
            "get": operation("metrics", "Numbers for Prometheus.", {200: answered("Text.", {"type": "string"}, "text/plain")}, tags=SERVICE)
        },
        "/healthz": {
            "get": open_operation("healthz", "Whether the service lives.", {200: answered("It does.", ref("Health"))}, tags=SERVICE)
        },
        "/readyz": {
            "get": open_operation("readyz", "Whether the service works.", {200: answered("It does.", ref("Health"))}, tags=SERVICE)
        },
        "/openapi.json": {"get": open_operation("openapi", "This document.", {200: answered("It.", {"type": "object"})}, tags=SERVICE)},
        "/": {
            "get": open_operation(
                "page", "This document to read.", {200: answered("A page.", {"type": "string"}, "text/html")}, tags=SERVICE
            )
        },
    }


@cache
def document() -> Json:
    """The whole of it. Do not change it."""
    problem = {"application/problem+json": {"schema": ref("Problem")}}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Occopus",
            "version": version("occopus-core"),
            "description": "Builds infrastructures from descriptions and keeps them. Paths may end with a slash.",
        },
        "security": [{"token": []}],
        "paths": _infrastructures() | _looks() | _upkeep() | _definitions() | _service(),
        "components": {
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer", "description": "Not needed where none are configured."}},
            "responses": {str(status): {"description": text, "content": problem} for status, text in PROBLEMS.items()},
            "schemas": SCHEMAS,
        },
    }
