"""The user whose commands plugins' tests run, and the killing of commands."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from occopus.testing.faulty import FaultyServer
from occopus.testing.http import Reply, Request
from occopus.testing.killing import kill_at_some_moment, run_until_killed
from occopus.testing.user import User

INFRA = "infra_name: a\nuser_id: me\nnodes:\n- {name: one, type: plain}\n"
NODES = "'node_def:plain':\n- resource: {type: local}\n  health_check: {ping: false}\n"


def test_commands_run_in_a_home_of_their_own(occopus_user: User) -> None:
    infra_id = occopus_user.build(occopus_user.write("infra.yaml", INFRA), "--nodes", occopus_user.write("nodes.yaml", NODES))
    assert occopus_user.infras == [infra_id]
    assert [instance["state"] for instance in occopus_user.report(infra_id, "one").values()] == ["ready"]
    assert (occopus_user.path / "data").is_dir()
    occopus_user.run("occopus-destroy", "-i", infra_id)
    assert occopus_user.infras == []


def test_a_secret_that_is_said_fails_the_test(occopus_user: User) -> None:
    occopus_user.secrets.append("occopus")
    with pytest.raises(AssertionError, match="says a secret"):
        occopus_user.run("occopus", "--help")


def test_another_exit_code_fails_the_test(occopus_user: User) -> None:
    with pytest.raises(AssertionError):
        occopus_user.run("occopus", "--help", code=1)


def test_entries_of_the_authentication_file_add_up(occopus_user: User) -> None:
    occopus_user.authenticate("one", {"key": "a"}, secrets=("a-secret",))
    occopus_user.authenticate("two", {"key": "b"}, section="config_management")
    told = yaml.safe_load(occopus_user.authentication.read_text())
    assert told == {
        "resource": [{"type": "one", "auth_data": {"key": "a"}}],
        "config_management": [{"type": "two", "auth_data": {"key": "b"}}],
    }
    assert occopus_user.authentication.stat().st_mode & 0o777 == 0o600
    assert occopus_user.secrets == ["a-secret"]


def test_places_are_filled_in(occopus_user: User, tmp_path_factory: pytest.TempPathFactory) -> None:
    source = tmp_path_factory.mktemp("there") / "files"
    source.mkdir()
    (source / "nodes.yaml").write_text("id: replace_with_image_id\nname: replace_with_image\nvolume: add_yes_if_wanted")
    folder = occopus_user.copy(source, {"image": "ubuntu", "image_id": "i-1", "wanted": "yes"})
    assert (folder / "nodes.yaml").read_text() == "id: i-1\nname: ubuntu\nvolume: yes"
    assert folder.parent == occopus_user.path


def test_modules_that_a_command_loads(occopus_user: User) -> None:
    loaded = occopus_user.modules_loaded_by("--help")
    assert "occopus.cli.main" in loaded
    assert "jinja2" not in loaded


class Health(FaultyServer):
    """Says that all is well."""

    def respond(self, request: Request) -> Reply:
        return Reply(200)


@pytest.fixture
def health() -> Iterator[Health]:
    with Health() as server:
        yield server


@pytest.mark.parametrize("before", [True, False])
def test_a_command_is_killed_at_a_request(occopus_user: User, health: Health, before: bool) -> None:
    checked = NODES.replace("ping: false", f"ping: false, urls: ['{health.url}']")
    files = occopus_user.write("infra.yaml", INFRA), "--nodes", occopus_user.write("nodes.yaml", checked)
    run_until_killed(occopus_user, health, 0, before=before, command=("occopus-build", *files))
    assert [process.returncode for process in occopus_user.running] == [-9]
    assert health.actions == ["HEAD /"]
    (infra_id,) = occopus_user.infras
    occopus_user.run("occopus-maintain", "-i", infra_id)
    occopus_user.run("occopus-destroy", "-i", infra_id)


def test_a_command_is_killed_at_some_moment(occopus_user: User) -> None:
    files = occopus_user.write("infra.yaml", INFRA), "--nodes", occopus_user.write("nodes.yaml", NODES)
    process = occopus_user.start("occopus-build", *files)
    kill_at_some_moment(process, lambda: 0, most=0, seed=1)
    assert process.returncode in (-9, 0)
    for infra_id in occopus_user.infras:
        occopus_user.run("occopus-destroy", "-i", infra_id)


def test_nothing_is_left_running(tmp_path: Path) -> None:
    user = User(tmp_path)
    process = user.start("occopus-maintain", "-c", "-i", "nothing")
    user.end()
    assert process.returncode is not None
