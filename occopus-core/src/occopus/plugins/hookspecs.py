"""The hooks. Each takes no arguments and yields what a package offers.

```python
from occopus.plugins import ResourceHandlerSpec, hookimpl

@hookimpl
def occopus_resource_handlers():
    yield ResourceHandlerSpec(type="mycloud", handler="occopus_mycloud.handler:MyCloudHandler", schema={...})
```
"""

from __future__ import annotations

from collections.abc import Iterable

import pluggy

from occopus.plugins.config_manager import ConfigManagerSpec
from occopus.plugins.contextualiser import ContextualiserSpec
from occopus.plugins.health import HealthCheckSpec
from occopus.plugins.notifier import NotifierSpec
from occopus.plugins.resource import ResourceHandlerSpec
from occopus.plugins.schema import SchemaRule

PROJECT = "occopus"
"""The name under which hooks are marked, and the entry-point group in which packages announce themselves."""

hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


@hookspec
def occopus_resource_handlers() -> Iterable[ResourceHandlerSpec]:
    """Backends: types of the `resource` section."""
    return ()


@hookspec
def occopus_contextualisers() -> Iterable[ContextualiserSpec]:
    """Types of the `contextualisation` section."""
    return ()


@hookspec
def occopus_config_managers() -> Iterable[ConfigManagerSpec]:
    """Types of the `config_management` section."""
    return ()


@hookspec
def occopus_health_checks() -> Iterable[HealthCheckSpec]:
    """Keys of the `health_check` section."""
    return ()


@hookspec
def occopus_schema_rules() -> Iterable[SchemaRule]:
    """Further rules for types that this or another package offers."""
    return ()


@hookspec
def occopus_notifiers() -> Iterable[NotifierSpec]:
    """Where events can be sent."""
    return ()
