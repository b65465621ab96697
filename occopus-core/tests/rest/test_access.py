"""Who may ask what: tokens, users, admins, and where the service listens."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from rest_world import Client, House, Installed, describe

from occopus.errors import UsageError
from occopus.rest.access import OPEN, Access, User
from occopus.rest.app import ROUTES
from occopus.rest.server import refuse_open_door
from occopus.settings_rest import Token
from occopus.testing.cloud import Cloud
from occopus.testing.user import until


@pytest.fixture
def tokens(house: House) -> dict[str, str]:
    """By user: the token. Root is an admin."""
    made = {name: Token.new(name, admin=name == "root") for name in ("ann", "bob", "root")}
    house.settings = {"rest_tokens": tuple(kept for _, kept in made.values())}
    return {name: token for name, (token, _) in made.items()}


def test_each_user_sees_their_own_and_an_admin_sees_all(house: House, tokens: dict[str, str], new_cloud: Callable[[str], Cloud]) -> None:
    ann = house.open(tokens["ann"])
    bob, root = Client(ann.url, tokens["bob"]), Client(ann.url, tokens["root"])
    cloud = new_cloud("cloud")
    infra_id = ann.build(describe("a: type: plain, scaling: {min: 1, max: 2}"), house.definitions(cloud.endpoint))
    until(lambda: ann.is_built(infra_id), "the build")
    path = f"/infrastructures/{infra_id}"
    for ask, suffixes in (
        (bob.get, ["", "/status", "/plan", "/cost", "/events"]),
        (bob.post, ["/attach", "/detach", "/scaleup/a", "/scaleup/a/1", "/scaledown/a", "/scaleto/a/2"]),
        (bob.delete, [""]),
    ):
        for suffix in suffixes:
            assert ask(path + suffix, 404)["detail"] == f"there is no infrastructure '{infra_id}'"
    bob.put(path, 404, json={"description": describe("b")})
    assert ann.get("/infrastructures/") == root.get("/infrastructures/") == {"infrastructures": [infra_id]}
    assert bob.get("/infrastructures/") == bob.get("/infrastructures/?all") == {"infrastructures": []}
    assert ann.get("/node_definitions") == {"node_definitions": ["plain"]}
    assert bob.get("/node_definitions") == {"node_definitions": []}
    bob.post("/infrastructures", 422, json={"description": describe("a")})  # the definitions that Ann sent are hers
    assert len(cloud.things) == 1, "nothing of what Bob asked for was done"

    root.post(f"{path}/detach")
    root.post(f"{path}/attach")
    assert ann.get(f"{path}/status")["user"] == "ann", "what an admin attaches stays its owner's"
    root.delete(path)
    until(lambda: ann.is_gone(infra_id), "the end")
    assert ann.kinds(infra_id)[-1] == "destroyed"
    bob.get(f"{path}/events", 404)


@pytest.mark.parametrize("header", [None, "", "Bearer", "Bearer ", "Bearer wrong", "Basic YW5uOg==", "Bearer \u00e4".encode("latin-1")])
def test_without_a_right_token_nothing_is_answered(house: House, tokens: dict[str, str], header: Any) -> None:
    client = house.open()
    headers = {} if header is None else {"Authorization": header}
    for path in ROUTES:
        answer = client.ask("GET", path.format(infra_id="x", node="x", count="1", instance="x", name="x"), headers=headers)
        assert (answer.status_code == 401) == (path not in OPEN), path
        if answer.status_code == 401:
            assert answer.headers["WWW-Authenticate"].startswith("Bearer")
            assert answer.headers["Content-Type"] == "application/problem+json"
    assert client.ask("POST", "/nowhere", headers=headers).status_code == 401


def test_a_hash_is_no_token(tokens: dict[str, str], house: House) -> None:
    kept = house.settings["rest_tokens"][0]
    client = house.open(kept.sha256)
    client.get("/infrastructures/", 401)


def test_several_tokens_may_be_one_users() -> None:
    first, second = Token.new("ann", False), Token.new("ann", False)
    access = Access((first[1], second[1]), "me")
    assert access.user_of(f"Bearer {first[0]}") == access.user_of(f"bearer {second[0]}") == User("ann", admin=False)


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.9.10", "::1", "localhost"])
def test_without_tokens_it_listens_where_only_this_machine_reaches_it(host: str) -> None:
    refuse_open_door(host, has_tokens=False, insecure=False)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "no-such-host.invalid"])
def test_elsewhere_it_needs_tokens_or_the_word_insecure(host: str) -> None:
    with pytest.raises(UsageError, match="no tokens are configured") as raised:
        refuse_open_door(host, has_tokens=False, insecure=False)
    assert "--insecure" in str(raised.value.hint)
    refuse_open_door(host, has_tokens=True, insecure=False)
    refuse_open_door(host, has_tokens=False, insecure=True)


class TestTheCommand:
    def test_it_refuses_an_open_door_unless_told_so(self, installed: Installed) -> None:
        done = installed.run("occopus", "serve", "--host", "0.0.0.0", "--port", "0", code=2)
        assert "no tokens are configured" in done.stderr
        client = installed.serve("--host", "0.0.0.0", "--insecure")
        assert client.get("/infrastructures/") == {"infrastructures": []}
        assert any("whoever reaches 0.0.0.0 may do everything" in line for line in installed.said)

    def test_a_new_token_opens_the_service(self, installed: Installed) -> None:
        done = installed.run("occopus", "token", "new", "--user", "ann", "--admin")
        installed.token = done.stdout.strip()
        entry = re.search(r"- \{.*\}", done.stderr)
        assert entry
        assert installed.token not in done.stderr
        installed.write(".occopus/occopus_config.yaml", f"rest:\n  tokens:\n    {entry[0]}\n")
        client = installed.serve("--host", "0.0.0.0")
        assert client.get("/infrastructures/") == {"infrastructures": []}
        Client(client.url).get("/infrastructures/", 401)

    @pytest.mark.parametrize(
        "tokens",
        ["x", "[x]", "[{user: ann}]", "[{user: ann, sha256: abc}]", "[{user: ann, sha256: 7}]", "[{token: x}]"],
    )
    def test_tokens_that_are_not_right_are_refused(self, installed: Installed, tokens: str) -> None:
        installed.write(".occopus/occopus_config.yaml", f"rest: {{tokens: {tokens}}}\n")
        done = installed.run("occopus", "serve", code=2)
        assert "'rest.tokens' has to be a list of entries" in done.stderr

    def test_a_port_in_use_is_said(self, installed: Installed) -> None:
        installed.serve()
        done = installed.run("occopus", "serve", "--port", installed.port, code=2)
        assert "can't listen on 127.0.0.1" in done.stderr

    def test_what_is_missing_for_the_service_is_said(self, installed: Installed) -> None:
        """As where occopus-core was installed without the extra."""
        installed.write("lacking/falcon/__init__.py", "raise ModuleNotFoundError(\"No module named 'falcon'\", name='falcon')\n")
        installed.variables["PYTHONPATH"] = str(installed.path / "lacking")
        done = installed.run("occopus-rest-service", code=2)
        assert "pip install 'occopus-core[rest]'" in done.stderr
