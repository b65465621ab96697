"""What the service takes and answers, as JSON Schema."""

from __future__ import annotations

from typing import Any

Json = dict[str, Any]

TEXT: Json = {"type": "string"}
TEXTS: Json = {"type": "array", "items": TEXT}
COUNT: Json = {"type": "integer", "minimum": 0}
MOMENT: Json = {"type": "number", "description": "Seconds since the epoch."}


def maybe(schema: Json) -> Json:
    return {**schema, "type": [schema["type"], "null"]}


def mapping(properties: Json, *optional: str, **more: Any) -> Json:
    return {"type": "object", "properties": properties, "required": [name for name in properties if name not in optional], **more}


_YAML: Json = {"type": ["string", "object"], "description": "YAML as text, or the same as JSON."}
_FILE: Json = {"type": "string", "contentMediaType": "application/yaml"}
_IMPORTED: Json = {"type": "string", "description": "Any other field is a file that is there to be imported by its name."}

_INSTANCE = mapping(
    {
        "resource_address": maybe(TEXT),
        "addresses": TEXTS,
        "state": {"enum": ["pending", "ready", "unknown", "shutdown", "temp_failed", "failed"]},
        "state_since": MOMENT,
        "failing_since": maybe(MOMENT),
        "reason": TEXT,
        "origin": TEXT,
        "created_at": MOMENT,
        "implementation": COUNT,
        "by": TEXT,
    }
)

_EVENT = mapping({"id": TEXT, "infra_id": TEXT, "time": MOMENT, "kind": TEXT, "node_name": TEXT, "node_id": TEXT, "message": TEXT})

_STEP = mapping(
    {
        "action": {"enum": ["create", "resume", "drop", "await"]},
        "node": TEXT,
        "node_id": TEXT,
        "implementation": maybe(COUNT),
        "by": TEXT,
        "reason": TEXT,
        "after": TEXTS,
    }
)

_FAULT = mapping(
    {
        "severity": {"enum": ["error", "warning"]},
        "message": TEXT,
        "file": maybe(TEXT),
        "line": maybe(COUNT),
        "column": maybe(COUNT),
        "hint": maybe(TEXT),
    }
)

_RUN = mapping(
    {"result": {"enum": ["ok", "busy", "stopped", "failed"]}, "began": MOMENT, "seconds": {"type": "number"}, "problem": maybe(TEXT)}
)

_TARGET = {
    "type": "object",
    "description": "The section of a notifier: its type and the keys that belong to that, such as the url of a webhook.",
    "required": ["type"],
    "properties": {"type": TEXT, "kinds": TEXTS},
}

SCHEMAS: Json = {
    "Infra": mapping({"infraid": TEXT}),
    "List": mapping({"infrastructures": TEXTS}),
    "Report": {
        "type": "object",
        "description": "By node.",
        "additionalProperties": mapping(
            {
                "instances": {"type": "object", "additionalProperties": _INSTANCE},
                "scaling": mapping({"actual": COUNT, "target": COUNT, "min": COUNT, "max": COUNT}),
            }
        ),
    },
    "Scaled": mapping(
        {
            "infraid": TEXT,
            "method": {"enum": ["scaleup", "scaledown", "scaleto"]},
            "nodename": TEXT,
            "count": COUNT,
            "nodeid": TEXT,
        },
        "count",
        "nodeid",
    ),
    "Alerts": {
        "type": "object",
        "description": "What Alertmanager sends to a webhook. Of an alert, its status and labels count: alert (overloaded or underloaded), "
        "node, infra_id, and count.",
        "required": ["alerts"],
        "properties": {
            "status": {"enum": ["firing", "resolved"]},
            "alerts": {
                "type": "array",
                "items": {
                    "type": "object",
                    "required": ["labels"],
                    "properties": {
                        "status": {"enum": ["firing", "resolved"]},
                        "labels": {"type": "object", "additionalProperties": TEXT},
                        "annotations": {"type": "object", "additionalProperties": TEXT},
                    },
                },
            },
        },
    },
    "Answers": mapping(
        {
            "alerts": {
                "type": "array",
                "items": mapping(
                    {"infra_id": TEXT, "node": TEXT, "decision": {"enum": ["scaled", "waiting", "refused"]}, "reason": TEXT},
                ),
            }
        }
    ),
    "NotifyUpload": {"anyOf": [_TARGET, {"type": "array", "items": _TARGET}]},
    "Targets": mapping({"infraid": TEXT, "targets": {"type": "array", "items": _TARGET}}),
    "Status": mapping(
        {
            "infraid": TEXT,
            "name": TEXT,
            "user": maybe(TEXT),
            "status": {"enum": ["being built", "built", "being destroyed"]},
            "attached": {"type": "boolean"},
            "created_at": MOMENT,
            "last_run": {"anyOf": [_RUN, {"type": "null"}]},
        }
    ),
    "Plan": mapping({"steps": {"type": "array", "items": _STEP}, "warnings": TEXTS, "token": TEXT}),
    "Events": mapping({"events": {"type": "array", "items": _EVENT}}),
    "Costs": mapping(
        {"totalcost": {"type": "number"}, "nodecosts": {"type": "object"}},
        description="The costs of each node stand beside the total, and below `nodecosts`; what is not known is null.",
    ),
    "Definitions": mapping({"node_definitions": TEXTS}),
    "Definition": {
        "type": "object",
        "patternProperties": {"^node_def:": {"type": "array", "items": {"type": "object"}}},
        "minProperties": 1,
        "maxProperties": 1,
    },
    "Upload": mapping({"description": _YAML, "node_definitions": _YAML}, "node_definitions", additionalProperties=False),
    "DefinitionsUpload": mapping({"node_definitions": _YAML}, additionalProperties=False),
    "Files": mapping({"description": _FILE, "node_definitions": _FILE}, "node_definitions", additionalProperties=_IMPORTED),
    "DefinitionsFiles": mapping({"node_definitions": _FILE}, additionalProperties=_IMPORTED),
    "Health": mapping({"status": {"const": "ok"}}),
    "Problem": mapping(
        {
            "type": TEXT,
            "title": TEXT,
            "status": {"type": "integer"},
            "detail": TEXT,
            "hint": TEXT,
            "errors": {"type": "array", "items": _FAULT},
        },
        "detail",
        "hint",
        "errors",
    ),
}
