"""Alerts of Prometheus' Alertmanager become requests for scaling, at most one in a while for each node."""

from __future__ import annotations

import time
from typing import Any

import pytest

from occopus.engine.alerting import Alert, Answer, alerts_in, decide
from occopus.errors import UsageError
from occopus.model.infrastructure import InfraId
from occopus.store.records import load_decided, load_events, load_requests

from .conftest import Ledger

ID = InfraId("infra-1")
PAUSE = 300.0


def payload(*alerts: dict[str, Any]) -> dict[str, Any]:
    """As Alertmanager sends it, from its documentation."""
    return {
        "version": "4",
        "groupKey": '{}:{alertname="Busy"}',
        "truncatedAlerts": 0,
        "status": "firing",
        "receiver": "occopus",
        "groupLabels": {},
        "commonLabels": {},
        "commonAnnotations": {},
        "externalURL": "http://alertmanager:9093",
        "alerts": [
            {"status": "firing", "annotations": {}, "startsAt": "2026-11-21T12:00:00Z", "fingerprint": "1"} | each for each in alerts
        ],
    }


def labelled(**labels: str) -> dict[str, Any]:
    return {"labels": {"alertname": "Busy", "infra_id": ID, "node": "worker", "alert": "overloaded"} | labels}


class TestReading:
    def test_what_an_alert_asks_for(self) -> None:
        alerts = alerts_in(payload(labelled(), labelled(alert="underloaded", count="3")))
        assert list(alerts) == [Alert(ID, "worker", 1, "Busy"), Alert(ID, "worker", -3, "Busy")]

    def test_its_own_words_are_the_reason(self) -> None:
        (alert,) = alerts_in(payload(labelled() | {"annotations": {"summary": "load\n is  high"}}))
        assert isinstance(alert, Alert)
        assert alert.why == "Busy: load is high"

    def test_what_is_resolved_asks_for_nothing(self) -> None:
        assert list(alerts_in(payload(labelled() | {"status": "resolved"}))) == []

    @pytest.mark.parametrize(
        ("labels", "reason"),
        [
            ({"node": ""}, "the label node is missing"),
            ({"infra_id": "", "node": ""}, "the label infra_id and node is missing"),
            ({"alert": "bored"}, "the label alert has to be one of overloaded, underloaded"),
            ({"count": "0"}, "the label count has to be a whole number from 1 to 1000"),
            ({"count": "-1"}, "the label count has to be a whole number from 1 to 1000"),
            ({"count": "²"}, "the label count has to be a whole number from 1 to 1000"),
        ],
    )
    def test_one_that_makes_no_sense_is_refused_and_the_others_count(self, labels: dict[str, str], reason: str) -> None:
        refused, good = alerts_in(payload(labelled(**labels), labelled()))
        assert isinstance(refused, Answer)
        assert (refused.decision, refused.reason) == ("refused", reason)
        assert isinstance(good, Alert)

    def test_the_infrastructure_may_be_implied(self) -> None:
        alert = labelled()
        del alert["labels"]["infra_id"]
        assert list(alerts_in(payload(alert), ID)) == [Alert(ID, "worker", 1, "Busy")]

    def test_and_then_no_other_may_be_named(self) -> None:
        (refused,) = alerts_in(payload(labelled(infra_id="another")), ID)
        assert isinstance(refused, Answer)
        assert refused.reason == "the label infra_id is not infra-1"

    @pytest.mark.parametrize(
        "wrong",
        [None, [], {}, {"alerts": {}}, {"alerts": [1]}, {"alerts": [{}]}, {"alerts": [{"labels": []}]}, {"alerts": [], "status": []}],
    )
    def test_what_is_no_payload(self, wrong: Any) -> None:
        with pytest.raises(UsageError, match="not what Alertmanager sends"):
            list(alerts_in(wrong))


class TestDeciding:
    @pytest.fixture
    def built(self, bench: Any) -> Any:
        bench.store = Ledger(time.time)
        bench.build(bench.infra({"name": "worker", "scaling": {"min": 1, "max": 3}}))
        return bench

    def alert(self, change: int = 1) -> Alert:
        return Alert(ID, "worker", change, "Busy")

    def test_it_becomes_a_request_and_an_event(self, built: Any) -> None:
        answer = decide(built.store, self.alert(), 1000.0, PAUSE)
        assert answer == Answer(ID, "worker", "scaled", "worker: 1 -> 2 wanted (Busy)")
        assert [request.change for request in load_requests(built.store, ID)] == [1]
        assert ("scale-requested", "worker: 1 -> 2 wanted (Busy)") in [(e.kind, e.message) for _, e in load_events(built.store, ID)]

    def test_the_next_one_has_to_wait_which_is_told_once(self, built: Any) -> None:
        decide(built.store, self.alert(), 1000.0, PAUSE)
        answers = [decide(built.store, self.alert(-1), 1000.0 + later, PAUSE) for later in (1, 2, 299)]
        assert {answer.decision for answer in answers} == {"waiting"}
        assert answers[0].reason == "Busy: 1 s after the last decision for worker; 300 s have to pass"
        assert [event.kind for _, event in load_events(built.store, ID)].count("alert-waits") == 1
        assert len(load_requests(built.store, ID)) == 1

    def test_after_the_pause_it_counts_again(self, built: Any) -> None:
        decide(built.store, self.alert(), 1000.0, PAUSE)
        assert decide(built.store, self.alert(), 1300.0, PAUSE).decision == "scaled"
        decide(built.store, self.alert(), 1301.0, PAUSE)
        assert [event.kind for _, event in load_events(built.store, ID)].count("alert-waits") == 1

    def test_it_stays_within_the_limits(self, built: Any) -> None:
        assert decide(built.store, self.alert(9), 1000.0, PAUSE).reason == "worker: 1 -> 3 wanted, not 10: its limits are 1 to 3 (Busy)"

    def test_each_node_has_a_pause_of_its_own(self, bench: Any) -> None:
        bench.build(bench.infra("db", "app"))
        for name in ("db", "app"):
            assert decide(bench.store, Alert(ID, name, 1, "Busy"), 1000.0, PAUSE).decision == "scaled"

    @pytest.mark.parametrize(
        ("infra_id", "node", "reason"), [("no-such", "worker", "no-such"), (ID, "wroker", "there is no node 'wroker'")]
    )
    def test_what_is_not_there_is_refused(self, built: Any, infra_id: str, node: str, reason: str) -> None:
        answer = decide(built.store, Alert(InfraId(infra_id), node, 1, "Busy"), 1000.0, PAUSE)
        assert answer.decision == "refused"
        assert reason in answer.reason
        assert load_decided(built.store, InfraId(infra_id)) == []

    def test_of_the_same_alert_from_two_alertmanagers_one_counts(self, built: Any) -> None:
        def another(changes: Any) -> None:
            built.store.hook = lambda changes: None
            decide(built.store, self.alert(), 1000.0, PAUSE)

        built.store.hook = another
        assert decide(built.store, self.alert(), 1000.0, PAUSE).decision == "waiting"
        assert len(load_requests(built.store, ID)) == 1

    def test_nothing_is_left_when_the_infrastructure_is_gone(self, built: Any) -> None:
        decide(built.store, self.alert(), 1000.0, PAUSE)
        built.destroy()
        assert load_decided(built.store, ID) == []
