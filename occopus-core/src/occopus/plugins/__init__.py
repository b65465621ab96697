"""The contract: everything that a plugin author imports.

A package joins through the entry-point group `occopus`; the module it names holds functions marked with `hookimpl`.
"""

from occopus.errors import RenderError
from occopus.model.event import Event
from occopus.model.infrastructure import InfraId
from occopus.model.instance import Address, AddressKind, Handle, NodeId, NodeState
from occopus.model.node import Section
from occopus.plugins.config_manager import ConfigManager, ConfigManagerConfig, ConfigManagerSpec, NodeRegistration
from occopus.plugins.contextualiser import (
    ContainerContext,
    Context,
    Contextualiser,
    ContextualiserSpec,
    Scope,
    UserData,
)
from occopus.plugins.health import HealthCheckSpec, Target
from occopus.plugins.hookspecs import hookimpl
from occopus.plugins.locks import one_at_a_time
from occopus.plugins.notifier import Notification, Notifier, NotifierConfig, NotifierSpec
from occopus.plugins.resource import (
    Checkpoint,
    CreateRequest,
    ErrorKind,
    HandlerConfig,
    ResourceError,
    ResourceHandler,
    ResourceHandlerSpec,
    ResourceStatus,
    SupportsCost,
)
from occopus.plugins.schema import Check, CredentialsSpec, Problem, Schema, SchemaRule, text
from occopus.plugins.urls import http_url
from occopus.plugins.versions import CONTRACT_VERSION

__all__ = [
    "CONTRACT_VERSION",
    "Address",
    "AddressKind",
    "Check",
    "Checkpoint",
    "ConfigManager",
    "ConfigManagerConfig",
    "ConfigManagerSpec",
    "ContainerContext",
    "Context",
    "Contextualiser",
    "ContextualiserSpec",
    "CreateRequest",
    "CredentialsSpec",
    "ErrorKind",
    "Event",
    "Handle",
    "HandlerConfig",
    "HealthCheckSpec",
    "InfraId",
    "NodeId",
    "NodeRegistration",
    "NodeState",
    "Notification",
    "Notifier",
    "NotifierConfig",
    "NotifierSpec",
    "Problem",
    "RenderError",
    "ResourceError",
    "ResourceHandler",
    "ResourceHandlerSpec",
    "ResourceStatus",
    "Schema",
    "SchemaRule",
    "Scope",
    "Section",
    "SupportsCost",
    "Target",
    "UserData",
    "hookimpl",
    "http_url",
    "one_at_a_time",
    "text",
]
