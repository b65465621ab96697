"""One question to each endpoint about all of its instances."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import TypeVar

from occopus.engine.polling import parted
from occopus.model.instance import Instance, NodeId

E = TypeVar("E")
T = TypeVar("T")


async def asked_together(
    instances: Iterable[Instance],
    endpoint_of: Callable[[Instance], E],
    ask: Callable[[E, list[Instance]], Awaitable[Mapping[NodeId, T]]],
    unknown: Callable[[Exception], T],
) -> dict[NodeId, T]:
    """The answers of all endpoints, each asked for all of its instances together. Where one can't be asked, they are `unknown`."""
    groups: dict[int, tuple[E, list[Instance]]] = {}
    found: dict[NodeId, T] = {}
    for instance in instances:
        try:
            endpoint = endpoint_of(instance)
        except Exception as error:
            found[instance.node_id] = unknown(error)
        else:
            groups.setdefault(id(endpoint), (endpoint, []))[1].append(instance)

    async def answer(endpoint: E, asked: list[Instance]) -> Mapping[NodeId, T]:
        try:
            return await ask(endpoint, asked)
        except Exception as error:  # also one that its plugin should not have raised
            return {instance.node_id: unknown(error) for instance in asked}

    parts = ((endpoint, part) for endpoint, asked in groups.values() for part in parted(asked))
    for each in await asyncio.gather(*(answer(*part) for part in parts)):
        found.update(each)
    return found
