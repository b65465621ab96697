"""`occo.api.occoapp`: sets up what a program works with, from the command line and the configuration files."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import replace

from occopus.manager import InfrastructureManager
from occopus.settings import Settings

args: argparse.Namespace | None = None
"""What stood on the command line, after `setup`."""
configuration: Settings | None = None
"""The settings, after `setup`."""
infrastructure: InfrastructureManager | None = None
"""What everything is done with, after `setup`. (The original had the description there that its configuration file may hold.)"""


def setup(
    setup_args: Callable[[argparse.ArgumentParser], object] | None = None,
    cfg_path: str | None = None,
    auth_data_path: str | None = None,
) -> None:
    """Read the command line, the configuration and where the authentication file is.

    `setup_args` adds options to the parser. Paths that are given here count more than `--cfg` and `--auth_data_path`.

    Raises:
        DescriptionError: the configuration has faults.
    """
    global args, configuration, infrastructure  # noqa: PLW0603 - programs of the original look for them here
    parser = argparse.ArgumentParser()
    parser.add_argument("--cfg", dest="cfg_path", metavar="PATH", help="the configuration file")
    parser.add_argument("--auth_data_path", metavar="PATH", help="the authentication file")
    if setup_args:
        setup_args(parser)
    args = parser.parse_args()
    opened = InfrastructureManager.open(cfg_path or args.cfg_path, auth_data_path or args.auth_data_path)
    configuration, infrastructure = opened.settings, opened


def manager(process_strategy: str = "sequential") -> InfrastructureManager:
    """What everything is done with; `setup` is called where the program has not done so.

    Raises:
        ValueError: there is no such strategy.
    """
    if process_strategy not in ("sequential", "parallel"):
        raise ValueError(f"there is no process strategy '{process_strategy}': it is 'sequential' or 'parallel'")
    if infrastructure is None:
        setup()
    assert infrastructure is not None, "setup opens it"  # noqa: S101
    infrastructure.settings = replace(infrastructure.settings, parallelize=process_strategy == "parallel")
    return infrastructure
