"""occopus serve"""

from __future__ import annotations

from dataclasses import replace

import click

from occopus.cli.app import App, door
from occopus.errors import UsageError
from occopus.manager import InfrastructureManager


@click.command("serve")
@click.option("--host", metavar="ADDRESS", help="Where to listen (127.0.0.1).")
@click.option("--port", type=click.IntRange(0, 65535), metavar="PORT", help="On which port (5000); 0 takes one that is free.")
@click.option("--parallelize", is_flag=True, help="Work on independent nodes at the same time.")
@click.option("-t", "--interval", type=click.FloatRange(min=0.1), metavar="SECONDS", help="From one pass to the next (10).")
@click.option("--insecure", is_flag=True, help="Let everybody who reaches the address use the service, without tokens.")
@click.option("--allow-local-commands", is_flag=True, help="Allow what runs programs on this machine: cmd() in templates, local nodes.")
@door
def command(
    app: App,
    host: str | None,
    port: int | None,
    parallelize: bool,
    interval: float | None,
    insecure: bool,
    allow_local_commands: bool,
) -> None:
    """Run the service: it builds infrastructures on request and keeps all that are attached, until SIGTERM or Ctrl-C.

    What it is about to do is in the store before it answers. Killed and started again, it goes on where it was.

    \b
    Examples:
      occopus serve
      occopus-rest-service --host 0.0.0.0 --port 5000
    """
    try:
        from occopus.rest.server import address_of, listen, refuse_open_door, serve  # noqa: PLC0415 - other commands need no server
        from occopus.rest.services import RestServices  # noqa: PLC0415
    except ModuleNotFoundError as missing:
        if (missing.name or "").partition(".")[0] not in ("falcon", "prometheus_client", "uvicorn"):
            raise
        raise UsageError(f"the service needs {missing.name}", "pip install 'occopus-core[rest]'") from None
    manager = app.open(InfrastructureManager, parallelize=parallelize)
    settings = manager.settings = replace(manager.settings, rest_interval=interval or manager.settings.rest_interval)
    host, port = host or settings.rest_host, settings.rest_port if port is None else port
    refuse_open_door(host, has_tokens=bool(settings.rest_tokens), insecure=insecure)
    services = RestServices(manager, local_commands=allow_local_commands)
    bound = listen(host, port)
    if not settings.rest_tokens:
        app.say(f"no tokens are configured: whoever reaches {host} may do everything")
    app.say(f"listening on {address_of(bound)}")
    serve(services, bound)
    app.say("stopped")
