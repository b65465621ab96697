"""Is this Redis fit to be a store? Found out on first use, before anything is read or written."""

from __future__ import annotations

from redis import Redis, exceptions

from occopus.errors import StoreError
from occopus.store.redis_connection import PatientRedis
from occopus.store.redis_scripts import FORM, PREPARE


def prepare(server: PatientRedis) -> None:
    """Bring our mark into a database where it is missing.

    Raises:
        StoreError: the server can't be used, does not permit what is needed, or holds a form that we do not know.
    """
    name = server.address.name
    server.call(lambda redis: _check_settings(redis, name))
    form = server.script(PREPARE)(FORM).decode()
    if form != FORM:
        raise StoreError(f"the store {name} has the form {form}, this version of Occopus knows up to {FORM}", "upgrade occopus-core")


def _check_settings(redis: Redis, name: str) -> None:
    try:
        info = redis.info()
    except exceptions.NoPermissionError:
        return  # whoever forbids our user to ask answers for the settings
    if info.get("redis_mode") == "cluster":
        raise StoreError(f"the store {name} is part of a Redis Cluster, which is not supported", "choose a Redis that stands alone")
    policy = str(info.get("maxmemory_policy", ""))
    if policy.startswith("allkeys"):
        raise StoreError(
            f"the store {name} would drop records when its memory is full (its 'maxmemory-policy' is {policy})",
            "set 'maxmemory-policy noeviction' in the Redis",
        )
