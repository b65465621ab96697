"""Alerts that ask for more or fewer instances of a node, as Prometheus' Alertmanager sends them.

The payload is that of its webhook ("webhook_config" in Alertmanager's documentation, version 4). Of an alert, these labels count: `alert`
(`overloaded` or `underloaded`), `node`, `infra_id` and `count` (1 where there is none).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from occopus.engine.requesting import request_scaling
from occopus.errors import OccopusError, UsageError, VersionConflict
from occopus.model.decision import Decision
from occopus.model.event import Event
from occopus.model.infrastructure import InfraId
from occopus.model.request import ScaleRequest
from occopus.store.base import Store
from occopus.store.records import append_event, load_decision, put_decision

STATUSES = ("firing", "resolved")
DIRECTIONS = {"overloaded": 1, "underloaded": -1}
MOST = 1000
"""Instances that an alert may ask for at once."""

SHOWN = 200
"""Characters of an alert's own words that are told."""


@dataclass(frozen=True)
class Alert:
    """Asks for `change` instances of a node more, or fewer. `why` is for people."""

    infra_id: InfraId
    node: str
    change: int
    why: str


@dataclass(frozen=True)
class Answer:
    """What was made of an alert: `scaled`, `waiting` (the last decision for its node is too recent) or `refused`, with the reason."""

    infra_id: str
    node: str
    decision: str
    reason: str


def alerts_in(payload: Any, infra_id: str | None = None) -> Iterator[Alert | Answer]:
    """The alerts of a payload that fire, and what is refused of it. `infra_id` is whose they have to be, and is implied where it is given.

    Raises:
        UsageError: it is no payload of Alertmanager.
    """
    if not _is_payload(payload):
        raise UsageError("this is not what Alertmanager sends", "a mapping with 'alerts', each with 'labels' and a 'status'")
    for alert in payload["alerts"]:
        if alert.get("status", payload.get("status")) == "firing":
            yield _read(alert, infra_id)


def _is_payload(data: Any) -> bool:
    fits = isinstance(data, Mapping) and isinstance(data.get("alerts"), list) and data.get("status", "firing") in STATUSES
    return fits and all(map(_is_alert, data["alerts"]))


def _is_alert(data: Any) -> bool:
    fits = isinstance(data, Mapping) and "labels" in data and data.get("status", "firing") in STATUSES
    return fits and _are_texts(data["labels"]) and _are_texts(data.get("annotations", {}))


def _are_texts(data: Any) -> bool:
    return isinstance(data, Mapping) and all(isinstance(value, str) for value in data.values())


def _read(alert: Mapping[str, Any], infra_id: str | None) -> Alert | Answer:
    labels: Mapping[str, str] = alert["labels"]
    whose, node = labels.get("infra_id", infra_id or ""), labels.get("node", "")
    count, direction = labels.get("count", "1"), DIRECTIONS.get(labels.get("alert", ""))
    missing = [name for name, value in (("infra_id", whose), ("node", node)) if not value]
    if missing:
        return Answer(whose, node, "refused", f"the label {' and '.join(missing)} is missing")
    if infra_id is not None and whose != infra_id:
        return Answer(whose, node, "refused", f"the label infra_id is not {infra_id}")
    if direction is None:
        return Answer(whose, node, "refused", f"the label alert has to be one of {', '.join(DIRECTIONS)}")
    if not (count.isascii() and count.isdigit() and len(count) < 10 and 0 < int(count) <= MOST):
        return Answer(whose, node, "refused", f"the label count has to be a whole number from 1 to {MOST}")
    return Alert(InfraId(whose), node, direction * int(count), _in_words(alert, labels))


def _in_words(alert: Mapping[str, Any], labels: Mapping[str, str]) -> str:
    annotations = alert.get("annotations", {})
    told = annotations.get("summary") or annotations.get("description")
    name = labels.get("alertname", "an alert")
    return f"{name}: {' '.join(told.split())}"[:SHOWN] if told else name[:SHOWN]


def decide(store: Store, alert: Alert, now: float, pause: float) -> Answer:
    """Ask for what an alert wants, unless less than `pause` seconds have passed since that was last done for its node.

    Each decision is an event; that one has to wait is told once until the next.
    """
    try:
        return _decide(store, alert, now, pause)
    except VersionConflict:  # the same alert, from another Alertmanager
        return _decide(store, alert, now, pause)


def _decide(store: Store, alert: Alert, now: float, pause: float) -> Answer:
    last = load_decision(store, alert.infra_id, alert.node)
    if last.value and now < last.value.at + pause:
        reason = f"{alert.why}: {now - last.value.at:.0f} s after the last decision for {alert.node}; {pause:g} s have to pass"
        if not last.value.told:
            waits = put_decision(alert.infra_id, alert.node, Decision(last.value.at, told=True), last.version)
            store.write([waits, append_event(Event(alert.infra_id, now, "alert-waits", alert.node, message=reason))])
        return Answer(alert.infra_id, alert.node, "waiting", reason)
    request = ScaleRequest(alert.infra_id, alert.node, now, change=alert.change)
    decided = put_decision(alert.infra_id, alert.node, Decision(now), last.version)
    try:
        told = request_scaling(store, request, why=alert.why, besides=[decided])
    except VersionConflict:
        raise
    except OccopusError as error:
        return Answer(alert.infra_id, alert.node, "refused", error.message)
    return Answer(alert.infra_id, alert.node, "scaled", f"{told} ({alert.why})")
