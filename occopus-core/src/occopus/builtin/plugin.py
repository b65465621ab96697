"""The plugins that the core ships, declared like anybody's."""

from __future__ import annotations

from collections.abc import Iterator

from occopus.builtin.webhook_url import url_is_fit
from occopus.plugins.contextualiser import ContextualiserSpec
from occopus.plugins.hookspecs import hookimpl
from occopus.plugins.notifier import NotifierSpec
from occopus.plugins.resource import ResourceHandlerSpec
from occopus.plugins.schema import CredentialsSpec, text

CONTRACT = 1

ATTRIBUTES = {"type": "dict", "nullable": True, "meta": {"description": "Attributes for the config manager; the node's own go over them."}}


@hookimpl
def occopus_resource_handlers() -> Iterator[ResourceHandlerSpec]:
    yield ResourceHandlerSpec(
        type="local",
        handler="occopus.builtin.local.handler:LocalHandler",
        summary="Processes on this machine, to try, teach and test descriptions without a cloud",
        contexts=frozenset({"cloudinit", "docker"}),
        endpoint=(),
        local=True,
        schema={"name": {"type": "string", "meta": {"description": "A label for logs."}}},
        appears_within=0.0,
    )


@hookimpl
def occopus_contextualisers() -> Iterator[ContextualiserSpec]:
    yield ContextualiserSpec(
        type="basic",
        contextualiser="occopus.builtin.contextualisers:Basic",
        summary="Nothing but attributes",
        schema={"attributes": ATTRIBUTES},
    )
    yield ContextualiserSpec(
        type="cloudinit",
        contextualiser="occopus.builtin.contextualisers:CloudInit",
        summary="User data for cloud-init",
        schema={
            "context_template": {
                "type": ["string", "dict"],
                "required": True,
                "meta": {"description": "The user data, as text or as a cloud-config; its strings are templates."},
            },
            "attributes": ATTRIBUTES,
        },
    )
    yield ContextualiserSpec(
        type="docker",
        contextualiser="occopus.builtin.contextualisers:Docker",
        summary="Environment and command of a container",
        schema={
            "env": {
                "type": "list",
                "required": True,
                "schema": {"type": "string", "regex": r"[^=]+=[\s\S]*", "meta": {"expected": "text of the form NAME=value"}},
                "meta": {
                    "description": "Environment variables, each NAME=value; templates.",
                    "example": ["GREETING={{variables.greeting}} from {{name}}"],
                },
            },
            "command": {
                "type": ["string", "list"],
                "nullable": True,
                "schema": {"type": "string"},
                "meta": {"description": "What to run instead of the image's own command; a template."},
            },
            "context_variables": {
                "type": "dict",
                "nullable": True,
                "meta": {"description": "Further values for the templates of this section."},
            },
            "attributes": ATTRIBUTES,
        },
    )


@hookimpl
def occopus_notifiers() -> Iterator[NotifierSpec]:
    yield NotifierSpec(
        type="webhook",
        notifier="occopus.builtin.webhook:Webhook",
        summary="Each event as a signed POST of JSON",
        schema={"url": text("Where events are sent to. It is kept in the open and shown.", required=True)},
        credentials=CredentialsSpec(
            {"secret": text("What requests are signed with; who receives them knows it too.", required=True, meta={"secret": True})}
        ),
        endpoint=("url",),
        checks=(url_is_fit,),
    )
