"""What is counted and measured, in the form of Prometheus."""

from __future__ import annotations

import time
from collections import Counter as Tally
from collections.abc import Iterator

from falcon.asgi import Request, Response
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from occopus.engine.keeper import Keeper, Listener, Note
from occopus.model.infrastructure import InfraId
from occopus.model.instance import NodeState
from occopus.plugins.resource import ResourceError

SECONDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 1800.0)
RESULTS = ("ok", "busy", "stopped", "failed")


class Metrics:
    """The numbers of one service; names of infrastructures and users are not among them."""

    def __init__(self) -> None:
        own = self.registry = CollectorRegistry()
        self._passes = Counter("occopus_passes", "Passes over infrastructures.", ["result"], registry=own)
        for result in RESULTS:
            self._passes.labels(result)
        self._durations = Histogram("occopus_pass_seconds", "How long passes took.", buckets=SECONDS, registry=own)
        self._lateness = Histogram("occopus_pass_late_seconds", "How long after they were due passes began.", buckets=SECONDS, registry=own)
        self._calls = Counter("occopus_backend_calls", "Calls to backends.", ["backend", "call", "result"], registry=own)
        labels = ["backend", "call"]
        self._call_seconds = Histogram("occopus_backend_call_seconds", "How long they took.", labels, buckets=SECONDS, registry=own)
        self._requests = Counter("occopus_http_requests", "Requests.", ["method", "route", "status"], registry=own)
        labels = ["method", "route"]
        self._request_seconds = Histogram("occopus_http_request_seconds", "How long they took.", labels, buckets=SECONDS, registry=own)
        self.listener = Listener(self._lateness.observe, self._ended, self._called)

    def watch(self, keeper: Keeper) -> None:
        """Also show how things stand with a keeper whenever the numbers are read."""
        self.registry.register(_Standing(keeper))
        running = Gauge("occopus_passes_running", "Passes under way: the queue of work.", registry=self.registry)
        running.set_function(lambda: keeper.running)

    def text(self) -> tuple[bytes, str]:
        """The numbers as Prometheus reads them, with their media type."""
        return generate_latest(self.registry), CONTENT_TYPE_LATEST

    def _ended(self, infra_id: InfraId, note: Note) -> None:
        self._passes.labels(note.result).inc()
        self._durations.observe(note.seconds)

    def _called(self, backend: str, call: str, seconds: float, error: Exception | None) -> None:
        result = "ok" if error is None else str(error.kind) if isinstance(error, ResourceError) else "broken"
        self._calls.labels(backend, call, result).inc()
        self._call_seconds.labels(backend, call).observe(seconds)

    async def process_request(self, req: Request, resp: Response) -> None:
        req.context.begun = time.monotonic()

    async def process_response(self, req: Request, resp: Response, resource: object, req_succeeded: bool) -> None:
        route = req.uri_template or "(none)"
        method = req.method if req.method in ("GET", "POST", "PUT", "DELETE", "OPTIONS", "HEAD") else "(other)"
        self._requests.labels(method, route, str(resp.status_code)).inc()
        self._request_seconds.labels(method, route).observe(time.monotonic() - req.context.begun)


class _Standing:
    """How the infrastructures and their instances do, by what the last passes found."""

    def __init__(self, keeper: Keeper) -> None:
        self._keeper = keeper

    def collect(self) -> Iterator[GaugeMetricFamily]:
        notes = list(self._keeper.notes.values())
        kept = GaugeMetricFamily("occopus_infrastructures", "Attached infrastructures, by what the last pass came to.", labels=["result"])
        results = Tally(note.result for note in notes)
        results["none yet"] = max(0, len(self._keeper.kept) - len(notes))
        for result in (*RESULTS, "none yet"):
            kept.add_metric([result], results[result])
        yield kept
        instances = GaugeMetricFamily("occopus_instances", "Instances, as the last passes found them.", labels=["state"])
        states = Tally(instance.state for note in notes if note.outcome for instance in note.outcome.instances)
        for state in NodeState:
            instances.add_metric([str(state)], states[state])
        yield instances
