"""The service keeps many infrastructures on a backend that takes 50 ms for each answer, and is asked for reports and lists meanwhile."""

import http.client
import json
import signal
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import fresh
import shapes
from still import manager_of
from table import Row, number, seconds

from occopus.model.attachment import Attachment
from occopus.rest.server import address_of, listen, server_of
from occopus.rest.services import RestServices
from occopus.store.records import put_attachment

INFRASTRUCTURES, NODES = 500, 10
EVERY = 10.0
LATENCY = 0.05
WARM_UP, QUIET, LOADED = 20.0, 30.0, 30.0
CONNECTIONS = 4
ON_TIME = 1.0


def rows() -> Iterator[Row]:
    found = fresh.run("service", "measure").value
    size = f"{INFRASTRUCTURES}"
    for phase in ("quiet", "asked"):
        each = found[phase]
        yield Row(f"service, {phase}: passes more than 1 s late", size, each["late"], 0, "none", percent, most=0.01)
        yield Row(f"service, {phase}: passes not made", size, each["missing"], 0, f"none, every {EVERY:g} s", percent, most=0.01)
        yield Row(f"service, {phase}: processor time per second", size, each["cpu"], 2, "two processors", seconds, most=1.5)
    for what in ("report", "list"):
        each, alone = found[what], found["alone"][what]
        name = f"service, {CONNECTIONS} at once: GET {what}"
        yield Row(f"{name} per second", size, each["rate"], alone["rate"], "without passes", number)
        yield Row(f"{name}, 99th percentile", size, each["p99"], alone["p99"], "without passes", most=0.1)


def percent(value: float) -> str:
    return f"{value:.2%}"


def measure() -> dict[str, Any]:
    """Build everything, then keep it: in quiet, and while others ask."""
    with tempfile.TemporaryDirectory() as folder:
        infra_ids = build_all(Path(folder))
        found: dict[str, Any] = {}
        with service(Path(folder), 1e6) as (_, port):
            found["alone"] = asked(port, infra_ids, LOADED / 4)
        with service(Path(folder), EVERY) as (services, port):
            time.sleep(WARM_UP)
            found["quiet"] = watch(services, lambda: time.sleep(QUIET))
            found["asked"] = watch(services, lambda: found.update(asked(port, infra_ids, LOADED / 2)))
        return found


@contextmanager
def service(folder: Path, every: float) -> Iterator[tuple[RestServices, int]]:
    """A service that makes a pass in so many seconds, and its port."""
    manager = manager_of(folder, latency=LATENCY)
    manager.settings = replace(manager.settings, rest_interval=every)
    services = RestServices(manager)
    bound = listen("127.0.0.1", 0)
    server = server_of(services)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [bound]}, daemon=True)
    port = int(address_of(bound).rpartition(":")[2])
    thread.start()
    try:
        yield services, port
    finally:
        server.handle_exit(signal.SIGTERM, None)
        thread.join()
        manager.close()


def watch(services, during) -> dict[str, float]:
    """How the passes went while something was done: the share of those late and of those not made, and processor time per second."""
    before, cpu, begun = counts(services), time.process_time(), time.perf_counter()
    during()
    after, cpu, taken = counts(services), time.process_time() - cpu, time.perf_counter() - begun
    made, on_time = (after[each] - before[each] for each in ("all", "on time"))
    expected = INFRASTRUCTURES * taken / EVERY
    return {"late": 1 - on_time / made, "missing": max(0.0, 1 - made / expected), "cpu": cpu / taken}


def counts(services) -> dict[str, float]:
    value = services.metrics.registry.get_sample_value
    bucket = "occopus_pass_late_seconds_bucket"
    return {"all": value("occopus_pass_late_seconds_count"), "on time": value(bucket, {"le": str(ON_TIME)})}


def build_all(folder: Path) -> list[str]:
    manager = manager_of(folder)
    infrastructure = manager.read(shapes.write(folder, [], NODES)).infrastructure
    assert infrastructure is not None
    infra_ids = [manager.build(infrastructure).instances[0].infra_id for _ in range(INFRASTRUCTURES)]
    manager.store.write([put for infra_id in infra_ids for put in put_attachment(Attachment(infra_id, manager.user))])
    manager.close()
    return infra_ids


def asked(port: int, infra_ids: list[str], duration: float) -> dict[str, dict[str, float]]:
    """By what is asked for, for so many seconds each: requests per second, and the 99th percentile of their times."""
    return {what: fresh.run("service", "ask", what, port, infra_ids, duration).value for what in ("report", "list")}


def ask(what: str, port: int, infra_ids: list[str], duration: float) -> dict[str, float]:
    times: list[float] = []
    until = time.perf_counter() + duration

    def go_on(first: int) -> None:
        line = http.client.HTTPConnection("127.0.0.1", port)
        for turn in range(first, 10**9, CONNECTIONS):
            begun = time.perf_counter()
            if begun > until:
                return
            path = f"/infrastructures/{infra_ids[turn % len(infra_ids)]}" if what == "report" else "/infrastructures"
            line.request("GET", path)
            answer = line.getresponse()
            body = answer.read()
            assert answer.status == 200, body
            times.append(time.perf_counter() - begun)
        assert json.loads(body)

    threads = [threading.Thread(target=go_on, args=(first,)) for first in range(CONNECTIONS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    times.sort()
    return {"rate": len(times) / duration, "p99": times[int(len(times) * 0.99)]}
