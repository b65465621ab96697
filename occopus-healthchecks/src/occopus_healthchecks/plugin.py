"""What this package offers: four keys of the `health_check` section."""

from collections.abc import Iterator

from occopus.plugins import HealthCheckSpec, hookimpl
from occopus_healthchecks import limits

CONTRACT = 1

PING = {
    "type": "boolean",
    "meta": {"description": "The node's first address answers one ICMP echo within 1 s. false: don't ping.", "example": True},
}
PORTS = {
    "type": "list",
    "minlength": 1,
    "schema": {"type": "integer", "min": 1, "max": 65535, "meta": {"description": "A TCP port of the node, 1 to 65535."}},
    "meta": {"description": "TCP ports that must accept a connection.", "example": [80]},
}
URLS = {
    "type": "list",
    "minlength": 1,
    "schema": {"type": "string", "empty": False, "meta": {"description": "An http or https URL; may be a template."}},
    "meta": {
        "description": "URLs that must answer a HEAD request (GET, where the server does not know HEAD) with success.",
        "example": ["http://{{ip}}/"],
    },
}
DATABASES = {
    "type": "list",
    "minlength": 1,
    "schema": {
        "type": "dict",
        "schema": {
            "name": {"type": "string", "required": True, "empty": False, "meta": {"description": "The database."}},
            "user": {"type": "string", "required": True, "empty": False, "meta": {"description": "Whom to log in as."}},
            "pass": {"type": "string", "required": True, "meta": {"description": "The user's password.", "secret": True}},
        },
        "meta": {"description": "One database: `name`, `user` and `pass`, each of which may be a template."},
    },
    "meta": {"description": "MySQL or MariaDB databases of the node, at port 3306, that must let their user in."},
}


@hookimpl
def occopus_health_checks() -> Iterator[HealthCheckSpec]:
    yield HealthCheckSpec(
        key="ping",
        check="occopus_healthchecks.ping:check",
        rule=PING,
        default=True,
        timeout=limits.PING + limits.MARGIN,
        summary="the node answers a ping",
    )
    yield HealthCheckSpec(
        key="ports",
        check="occopus_healthchecks.ports:check",
        rule=PORTS,
        timeout=limits.PORTS + limits.MARGIN,
        summary="TCP ports accept connections",
    )
    yield HealthCheckSpec(
        key="urls",
        check="occopus_healthchecks.urls:check",
        rule=URLS,
        timeout=limits.URLS + limits.MARGIN,
        summary="URLs answer with success",
    )
    yield HealthCheckSpec(
        key="mysqldbs",
        check="occopus_healthchecks.mysqldbs:check",
        rule=DATABASES,
        timeout=limits.DATABASES + limits.MARGIN,
        aliases=("mysqlDBs",),
        summary="MySQL databases let their users in",
    )
