"""Events come where users want them: each at least once, in order, whatever receivers and couriers do."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from receiver import SECRET, PostOffice, Receiver, refusal, webhook

from occopus.engine.persistence import Persistence
from occopus.errors import StoreError
from occopus.model.target import Target
from occopus.store.base import Key, Record
from occopus.store.memory import MemoryStore
from occopus.store.records import delete_cursor, load_cursors
from occopus.testing.user import until

KINDS = [f"kind-{number}" for number in range(12)]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as receiver:
        yield receiver


@pytest.fixture
def office(tmp_path: Path) -> PostOffice:
    return PostOffice(tmp_path)


def test_events_come_whole_and_in_their_order(office: PostOffice, receiver: Receiver) -> None:
    infra_id = office.infra()
    office.send_to(infra_id, webhook(receiver, "/a"))
    office.happen(infra_id, "ready", message='Größe "7" 🐙')
    office.happen(infra_id, *KINDS)
    with office.courier():
        until(lambda: len(receiver.got.get("/a", [])) == 13, "the first")
        office.happen(infra_id, "later")
        until(lambda: len(receiver.got["/a"]) == 14, "what happens while it works")
    assert receiver.kinds("/a") == ["ready", *KINDS, "later"], "from the moment on at which the target was set, and nothing of that itself"
    first, ids = receiver.got["/a"][0], [body["id"] for body in receiver.got["/a"]]
    assert ids == sorted(set(ids))
    assert (first["infra_id"], first["node"], first["node_id"], first["message"]) == ("i-1", "web", "n-1", 'Größe "7" 🐙')
    assert first["time"].startswith(time.strftime("%Y-%m-%dT%H:", time.gmtime(office.events(infra_id, "ready")[0].time)))
    assert first["time"].endswith("Z")
    assert receiver.refused == []


def test_each_target_gets_the_kinds_that_it_wants(office: PostOffice, receiver: Receiver) -> None:
    infra_id = office.infra()
    office.send_to(infra_id, webhook(receiver, "/all"), webhook(receiver, "/some", kinds=["failed", "ready"]))
    office.happen(infra_id, "ready", "pending", "failed", "pending")
    with office.courier():
        until(lambda: len(receiver.kinds("/all")) == 4 and len(receiver.kinds("/some")) == 2, "all")
        until(lambda: len(set(load_cursors(office.store).values())) == 1, "that what is not wanted is written down, too")
    assert receiver.kinds("/some") == ["ready", "failed"]


def test_a_lost_reply_and_errors_that_pass_are_followed_by_another_attempt(office: PostOffice, receiver: Receiver) -> None:
    infra_id = office.infra()
    office.send_to(infra_id, webhook(receiver, "/a"))
    receiver.fail["/a"] = [refusal(500), refusal(404), refusal(401), refusal(503)]
    receiver.lose["/a"] = 5  # those four, and one that was received
    office.happen(infra_id, *KINDS[:3])
    with office.courier():
        until(lambda: receiver.kinds("/a")[-1:] == KINDS[2:3], "the last")
    assert receiver.kinds("/a") == ["kind-0", *KINDS[:3]], "what was received although the reply got lost comes twice"
    ids = [body["id"] for body in receiver.got["/a"]]
    assert ids[0] == ids[1]
    assert office.events(infra_id, "notify-failed") == []


def test_retry_after_is_kept(office: PostOffice, receiver: Receiver) -> None:
    infra_id = office.infra()
    office.send_to(infra_id, webhook(receiver, "/a"))
    due = time.time() + 7
    date = time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime(due))
    receiver.fail["/a"] = [refusal(429, Retry_After="2"), refusal(503, Retry_After=date)]
    office.happen(infra_id, "ready")
    with office.courier():
        until(lambda: receiver.kinds("/a") == ["ready"], "the event")
    assert time.time() >= due - 1, "a date counts, which knows no fractions of a second"
    first, second, _ = receiver.moments["/a"]
    assert second - first >= 2.0


def test_one_that_hangs_or_fails_delays_no_other(office: PostOffice, receiver: Receiver) -> None:
    """More of them hang than there are threads for the store."""
    receiver.hanging.add("/hangs")
    bad = [office.infra(f"bad-{number}") for number in range(30)]
    for infra_id in bad:
        office.send_to(
            infra_id, webhook(receiver, "/hangs"), webhook(receiver, f"/good/{infra_id}"), {"type": "webhook", "url": "http://127.0.0.1:9"}
        )
        office.happen(infra_id, *KINDS[:3])
    good = office.infra("good")
    office.send_to(good, webhook(receiver, "/good"))
    with office.courier(Persistence(600.0, 0.02, 0.1, attempt=300.0)):
        until(lambda: len(receiver.moments.get("/hangs", [])) == 30, "that all hang")
        until(lambda: all(receiver.kinds(f"/good/{infra_id}") == KINDS[:3] for infra_id in bad), "the others of the same infrastructures")
        for number in range(3):
            begun = time.monotonic()
            office.happen(good, f"at-{number}")
            until(lambda number=number: len(receiver.kinds("/good")) == number + 1, "another")
            assert time.monotonic() - begun < 10, "those that hang take 10 s for each attempt"
        receiver.over.set()


def test_what_can_not_be_delivered_becomes_an_event_and_the_next_one_comes(office: PostOffice, receiver: Receiver) -> None:
    infra_id = office.infra()
    office.send_to(infra_id, webhook(receiver, "/a"))
    receiver.fail["/a"] = [refusal(422)]
    office.happen(infra_id, "bad", "good")
    with office.courier():
        until(lambda: receiver.kinds("/a") == ["good"], "the next one")
        [failed] = until(lambda: office.events(infra_id, "notify-failed"), "the event")
        office.happen(infra_id, "last")
        until(lambda: receiver.kinds("/a") == ["good", "last"], "the last")
    assert failed.message == f"'bad' did not reach webhook {receiver.url}/a: Unprocessable Entity (HTTP status 422)"
    assert (failed.node_name, failed.node_id) == ("web", "n-1")
    assert len(receiver.moments["/a"]) == 3, "nobody is notified of it, and what is refused for good is not tried again"


def test_after_the_limit_events_are_given_up_and_each_is_tried_once_more(office: PostOffice, receiver: Receiver) -> None:
    """As long as the target fails at everything; from the first that it takes, it has all the time again."""
    infra_id = office.infra()
    office.send_to(infra_id, webhook(receiver, "/a"))
    office.happen(infra_id, "poison", *KINDS[:3], age=5.0)
    receiver.fail["/a"] = [refusal(500) for _ in range(1000)]
    with office.courier(Persistence(limit=1.0, first=0.05, longest=0.2, attempt=20.0)):
        until(lambda: len(office.events(infra_id, "notify-failed")) >= 2, "two failures")
        with receiver.guard:
            receiver.fail.clear()
        until(lambda: receiver.kinds("/a")[-1:] == ["kind-2"], "the last")
        receiver.fail["/a"] = [refusal(500)]
        office.happen(infra_id, "again")
        until(lambda: receiver.kinds("/a")[-1:] == ["again"], "one that fails once")
    failed = [event.message for event in office.events(infra_id, "notify-failed")]
    assert failed[0].startswith("'poison' did not reach")
    assert "Internal Server Error (HTTP status 500)" in failed[0]
    assert len(failed) + len(receiver.kinds("/a")) == 5, "each is delivered or told of"
    assert len(receiver.moments["/a"]) > 6, "the first is tried until the limit"


def test_no_credentials_or_no_plugin_is_told_of(tmp_path: Path, receiver: Receiver) -> None:
    office = PostOffice(tmp_path, authentication={})
    infra_id = office.infra()
    office.send_to(infra_id, webhook(receiver, "/a"), {"type": "pigeon"}, {"type": "fcm"})
    office.happen(infra_id, "ready")
    with office.courier(Persistence(limit=0.2, first=0.02, longest=0.1)):
        failed = until(lambda: len(found := office.events(infra_id, "notify-failed")) == 3 and found, "the failures")
    told = "\n".join(event.message for event in failed)
    assert "no credentials fit {type: webhook} under 'notifier'" in told
    assert "no notifier 'pigeon' is installed" in told
    assert receiver.moments == {}


def test_the_last_events_come_when_the_infrastructure_is_gone_and_then_nothing_is_left(office: PostOffice, receiver: Receiver) -> None:
    infra_id, other = office.infra(), office.infra("other")
    office.send_to(infra_id, webhook(receiver, "/a"), webhook(receiver, "/b", kinds=["ready"]), webhook(receiver, "/never"))
    office.send_to(other, webhook(receiver, "/other"))
    receiver.fail["/never"] = [refusal(410), refusal(410)]
    office.happen(infra_id, "ready")
    office.destroy(infra_id)
    with office.courier():
        until(lambda: office.left == [("targets", "other"), ("cursor", "other")], "the end")
    assert receiver.kinds("/a") == ["ready", "destroyed"]
    assert receiver.kinds("/b") == ["ready"]
    assert office.events(infra_id, "notify-failed") == [], "that it is destroyed stays the last event"


def test_targets_without_cursors_do_not_outlive_their_infrastructure(office: PostOffice, receiver: Receiver) -> None:
    """As a courier leaves them that dies between the last delivery and their removal."""
    infra_id = office.infra()
    office.send_to(infra_id, webhook(receiver, "/a"))
    assert office.store
    office.store.write([delete_cursor(Target(infra_id, webhook(receiver, "/a")), None)])
    office.destroy(infra_id)
    with office.courier():
        until(lambda: office.left == [], "the removal")


def test_what_is_no_target_any_more_gets_nothing_and_what_stays_misses_nothing(office: PostOffice, receiver: Receiver) -> None:
    infra_id = office.infra()
    stays, goes, comes = webhook(receiver, "/stays"), webhook(receiver, "/goes"), webhook(receiver, "/comes")
    office.send_to(infra_id, stays, goes)
    receiver.fail["/goes"] = [refusal(500) for _ in range(1000)]
    with office.courier(Persistence(600.0, 0.1, 0.1)) as courier:
        office.happen(infra_id, "one")
        until(lambda: "/goes" in receiver.moments and receiver.kinds("/stays") == ["one"], "the first")
        office.send_to(infra_id, comes, stays)
        until(lambda: not [key for key in courier._deliveries if key[1] == Target(infra_id, goes).name], "the end of the old one")
        with receiver.guard:
            receiver.fail.clear()
        office.happen(infra_id, "two")
        until(lambda: receiver.kinds("/stays") == ["one", "two"] and receiver.kinds("/comes") == ["two"], "the second")
        office.send_to(infra_id)
        office.happen(infra_id, "three")
        until(lambda: courier._deliveries == {}, "the end of all")
    assert set(receiver.kinds("/goes")) <= {"one"}, "an attempt that was under way may still arrive"
    assert receiver.kinds("/stays") == ["one", "two"]
    assert office.left == []


def test_a_target_that_is_set_again_keeps_its_place(office: PostOffice, receiver: Receiver) -> None:
    infra_id = office.infra()
    office.send_to(infra_id, webhook(receiver, "/old"))
    office.happen(infra_id, "one")
    office.send_to(infra_id, webhook(receiver, "/new"), webhook(receiver, "/old"))
    office.happen(infra_id, "two")
    with office.courier():
        until(lambda: receiver.kinds("/old") == ["one", "two"] and receiver.kinds("/new") == ["two"], "both")


def test_two_couriers_on_one_store_send_each_event_once(office: PostOffice, receiver: Receiver) -> None:
    infra_ids = [office.infra(f"i-{number}") for number in range(5)]
    for infra_id in infra_ids:
        office.send_to(infra_id, webhook(receiver, f"/{infra_id}"))
    with office.courier(), office.courier():
        for kind in KINDS:
            for infra_id in infra_ids:
                office.happen(infra_id, kind)
            time.sleep(0.2)  # not to wait for anything: what comes in small pieces is fought for
        until(lambda: all(receiver.kinds(f"/{infra_id}")[-1:] == KINDS[-1:] for infra_id in infra_ids), "all")
    assert all(receiver.kinds(f"/{infra_id}") == KINDS for infra_id in infra_ids)


def test_what_one_courier_could_not_deliver_the_next_one_does(office: PostOffice, receiver: Receiver) -> None:
    infra_id = office.infra()
    office.send_to(infra_id, webhook(receiver, "/a"))
    receiver.fail["/a"] = [refusal(500) for _ in range(1000)]
    office.happen(infra_id, *KINDS[:3])
    with office.courier(Persistence(600.0, 30.0, 60.0)):
        until(lambda: receiver.moments.get("/a"), "an attempt")
        begun = time.monotonic()
    assert time.monotonic() - begun < 15, "the end does not wait for the next attempt"
    receiver.calm()
    with office.courier():
        until(lambda: receiver.kinds("/a") == KINDS[:3], "all")
    assert office.events(infra_id, "notify-failed") == []


def test_the_end_delivers_what_is_there(office: PostOffice, receiver: Receiver) -> None:
    infra_id = office.infra()
    office.send_to(infra_id, webhook(receiver, "/a"))
    with office.courier() as courier:
        until(lambda: courier.is_well, "the first look")
        office.happen(infra_id, *KINDS)
    assert receiver.kinds("/a") == KINDS


def test_only_one_infrastructure_is_served_where_that_is_wanted(office: PostOffice, receiver: Receiver) -> None:
    mine, other = office.infra("mine"), office.infra("other")
    for infra_id in (mine, other):
        office.send_to(infra_id, webhook(receiver, f"/{infra_id}"))
        office.happen(infra_id, "ready")
    with office.courier(only=mine):
        until(lambda: receiver.kinds("/mine") == ["ready"], "the one")
    assert receiver.kinds("/other") == []


class Counting(MemoryStore):
    """Counts the questions that it is asked."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[str] = []

    def get(self, key: Key) -> Record | None:
        self.asked.append(f"get {key.kind}")
        return super().get(key)

    def scan(self, kind: str, scope: str | None = None, after: str = "") -> Iterator[Record]:
        self.asked.append(f"scan {kind} after {after}" if kind == "event" else f"scan {kind}")
        return super().scan(kind, scope, after)

    def last_appended(self) -> str:
        self.asked.append("last")
        return super().last_appended()


def test_looking_costs_one_question_and_no_event_is_read_again(tmp_path: Path, receiver: Receiver) -> None:
    store = Counting()
    office = PostOffice(tmp_path, store=store)
    infra_id = office.infra()
    office.happen(infra_id, *KINDS)
    office.send_to(infra_id, webhook(receiver, "/a"))
    with office.courier():
        office.happen(infra_id, "ready")
        until(lambda: receiver.kinds("/a") == ["ready"], "the event")
        until(lambda: store.asked[-3:] == ["last"] * 3, "three looks without news")
    assert "scan event after " not in store.asked, "nobody reads the events from the beginning"


def test_nobody_tells_the_secret(office: PostOffice, receiver: Receiver, caplog: pytest.LogCaptureFixture) -> None:
    infra_id = office.infra()
    office.send_to(infra_id, webhook(receiver, "/a"), webhook(receiver, "/b"))
    receiver.fail["/b"] = [refusal(401), refusal(301, Location=f"/{SECRET}")]
    with caplog.at_level(logging.DEBUG), office.courier():
        office.happen(infra_id, "ready", "failed")
        until(lambda: len(receiver.kinds("/a")) == 2 and len(receiver.kinds("/b")) == 1, "all")
    assert SECRET not in caplog.text
    stored = b"".join(path.read_bytes() for path in office.folder.iterdir() if path != office.authentication_file)
    assert b"it sends elsewhere, to /********" in stored, "what a receiver repeats is masked"
    assert SECRET.encode() not in stored


def test_the_store_may_be_away_for_a_while(tmp_path: Path, receiver: Receiver) -> None:
    store = Shaky()
    office = PostOffice(tmp_path, store=store)
    infra_id = office.infra()
    office.send_to(infra_id, webhook(receiver, "/a"))
    store.is_away = True
    with office.courier() as courier:
        office.happen(infra_id, "ready")
        until(lambda: store.refused > 1, "a look in vain, and another one")
        store.is_away = False
        until(lambda: receiver.kinds("/a") == ["ready"], "the event")
        assert courier.is_well


class Shaky(MemoryStore):
    """Can't be reached now and then."""

    is_away = False
    refused = 0

    def last_appended(self) -> str:
        if self.is_away:
            self.refused += 1
            raise StoreError("nobody is there")
        return super().last_appended()
