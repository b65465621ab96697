"""The calls that are made of the EC2 API: page by page, with errors translated."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from itertools import islice
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from occopus.plugins import HandlerConfig
from occopus_ec2 import __version__, limits
from occopus_ec2.failures import NOT_FOUND, TOKEN_USED, code_of, translated
from occopus_ec2.machine import Machine

SDK = {
    "connect_timeout": 10,
    "read_timeout": 60,
    "retries": {"mode": "standard", "total_max_attempts": 1},  # the engine repeats, and knows of the other calls
    "max_pool_connections": 64,
    "tcp_keepalive": True,
    "user_agent_extra": f"occopus/{__version__}",
}
"""Settings of the SDK; times in seconds."""

THERE = ("pending", "running", "stopping", "stopped", "shutting-down")
"""States of instances that still exist."""


@dataclass(frozen=True)
class Seen:
    """What a question found. `at` is the time of the reply by EC2's clock."""

    machines: list[Machine] = field(default_factory=list)
    at: datetime = field(default_factory=lambda: datetime.now(UTC))


class Cloud:
    """One endpoint with one set of credentials. The SDK's client may be used by many threads; it is made once, when it is first needed."""

    def __init__(self, config: HandlerConfig, client: Any = None) -> None:
        self._config = config
        self._client = client
        self._making = threading.Lock()

    def launch(self, parameters: Mapping[str, Any], doing: str) -> Machine | None:
        """The instance that EC2 makes, or made when it was asked the same before; None where it did so, and does not say what."""
        with translated(doing):
            try:
                reply = self.client.run_instances(**parameters)
            except ClientError as error:
                if code_of(error) not in TOKEN_USED:
                    raise
                return None
            return Machine.of(reply["Instances"][0])

    def terminate(self, instance_id: str) -> bool:
        """Whether EC2 knows the instance."""
        with translated(f"terminating {instance_id}"):
            try:
                self.client.terminate_instances(InstanceIds=[instance_id])
            except ClientError as error:
                if code_of(error) != NOT_FOUND:
                    raise
                return False
            return True

    def with_ids(self, ids: Collection[str]) -> Seen:
        """By a filter: one unknown id in a list of ids would be an error for all of them."""
        return self._seen("instance-id", ids, lambda machine: machine.id in ids)

    def with_mark(self, mark: str, values: Collection[str], states: Collection[str] = ()) -> Seen:
        """The instances that bear one of these values of a mark, in one of the states, or in any."""
        return self._seen(f"tag:{mark}", values, lambda machine: machine.tags.get(mark) in values, states)

    @property
    def client(self) -> Any:
        with self._making:
            if self._client is None:
                with translated("preparing to call EC2"):
                    self._client = self._make_client()
            return self._client

    def _make_client(self) -> Any:
        section, secrets = self._config.section, self._config.credentials
        # Without an entry in the authentication file the keys are None: then the SDK looks where it always does.
        session = boto3.session.Session(
            aws_access_key_id=secrets.get("accesskey"),
            aws_secret_access_key=secrets.get("secretkey"),
            region_name=section["regionname"],
        )
        return session.client("ec2", endpoint_url=section["endpoint"], config=Config(**SDK))

    def _seen(self, name: str, values: Collection[str], fits: Callable[[Machine], bool], states: Collection[str] = ()) -> Seen:
        """What `fits` is sure of again: some clouds pass over filters, and what they tell besides is somebody else's."""
        machines: dict[str, Machine] = {}
        at = datetime.now(UTC)
        with translated("looking at instances"):
            for some in _parts(values):
                filters = [{"Name": name, "Values": some}]
                if states:
                    filters.append({"Name": "instance-state-name", "Values": list(states)})
                pages = self.client.get_paginator("describe_instances")
                for page in pages.paginate(Filters=filters, PaginationConfig={"PageSize": limits.PAGE}):
                    at = _time_of(page) or at
                    found = (Machine.of(each) for reservation in page["Reservations"] for each in reservation["Instances"])
                    machines |= {machine.id: machine for machine in found if fits(machine)}
        return Seen(list(machines.values()), at)


def _parts(values: Iterable[str]) -> Iterator[list[str]]:
    left = iter(values)
    while part := list(islice(left, limits.FILTER_VALUES)):
        yield part


def _time_of(reply: Mapping[str, Any]) -> datetime | None:
    try:
        return parsedate_to_datetime(reply["ResponseMetadata"]["HTTPHeaders"]["date"]).astimezone(UTC)
    except (KeyError, ValueError):
        return None
