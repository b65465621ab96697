"""What infrastructure descriptions and node definitions may contain, from the core's own rules."""

from __future__ import annotations

from generating.keys import key_table
from occopus.schema import core

PAGE = f"""# Keys of descriptions

`occopus schema infrastructure` and `occopus schema node-definitions` print the same as JSON Schema, with the types of all installed
packages.

## Infrastructure descriptions

{key_table(core.INFRASTRUCTURE)}
### Of each node

{key_table(core.NODE)}
## Node definitions

A file holds any number of `node_def:NAME`, each a list of implementations. An implementation has these sections:

{key_table(core.IMPLEMENTATION)}
The keys of `resource`, `contextualisation` and `config_management` are those of their `type`: see the [packages](../packages.md).

### `health_check`

Each health check that is installed adds a key: `ping`, `ports`, `urls` and `mysqldbs` come with
[occopus-healthchecks](packages/occopus-healthchecks.md). These are always there:

{key_table(core.HEALTH_CHECK)}
## Targets of notifications

Beyond the keys of their `type`, all have:

{key_table(core.NOTIFIER)}"""
