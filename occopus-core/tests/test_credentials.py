"""Which entry of the authentication file belongs to a section, and that none of it is ever shown."""

from __future__ import annotations

from pathlib import Path

import pytest

from occopus.credentials import Credentials, load_credentials
from occopus.credentials_file import Entry
from occopus.diagnostics import Diagnostics
from occopus.errors import CredentialsError, UsageError
from occopus.masking import Masker
from occopus.model.secret import SecretReference

AUTH = """\
resource:
  - type: ec2
    auth_data: {accesskey: general-key, secretkey: general-secret}
  - type: ec2
    name: mine
    auth_data: {accesskey: named-key, secretkey: named-secret}
  - type: ec2
    endpoint: https://one
    auth_data: {accesskey: one-key, secretkey: one-secret}
config_management:
  - type: chef
    auth_data:
      client_name: admin
      client_key: !text_import {url: file://client.pem}
"""


@pytest.fixture
def auth(tmp_path: Path) -> Path:
    (tmp_path / "client.pem").write_text("PEM-LINE-ONE\nPEM-LINE-TWO\n")
    return write(tmp_path, AUTH)


def write(folder: Path, text: str) -> Path:
    path = folder / "auth_data.yaml"
    path.write_text(text)
    path.chmod(0o600)
    return path


def load(path: Path | None, masker: Masker | None = None) -> Credentials:
    diagnostics = Diagnostics()
    credentials = load_credentials(path, diagnostics, masker)
    assert diagnostics.faults == ()
    return credentials


def test_an_entry_fits_where_all_its_keys_are_those_of_the_section(auth: Path) -> None:
    credentials = load(auth)
    chosen = credentials.select("resource", {"type": "ec2", "endpoint": "https://two", "image_id": "x"})
    assert chosen == {"accesskey": "general-key", "secretkey": "general-secret"}
    assert credentials.select("config_management", {"type": "chef"}) == {
        "client_name": "admin",
        "client_key": "PEM-LINE-ONE\nPEM-LINE-TWO\n",
    }


def test_of_several_the_one_that_names_more_keys_wins(auth: Path) -> None:
    credentials = load(auth)
    assert (credentials.select("resource", {"type": "ec2", "name": "mine"}) or {})["accesskey"] == "named-key"
    assert (credentials.select("resource", {"type": "ec2", "endpoint": "https://one"}) or {})["accesskey"] == "one-key"


def test_several_of_which_none_names_more_are_listed_without_their_secrets(auth: Path) -> None:
    with pytest.raises(CredentialsError) as caught:
        load(auth).select("resource", {"type": "ec2", "name": "mine", "endpoint": "https://one"})
    assert caught.value.message == (
        f"several entries under 'resource' in '{auth}' fit {{type: ec2, name: mine, endpoint: https://one}}: "
        "{type: ec2} (line 2); {type: ec2, name: mine} (line 4); {type: ec2, endpoint: https://one} (line 7)"
    )


def test_none_lists_those_there_are(auth: Path) -> None:
    credentials = load(auth)
    with pytest.raises(CredentialsError) as caught:
        credentials.select("config_management", {"type": "puppet", "endpoint": "e"})
    assert caught.value.message == (
        "no credentials fit {type: puppet, endpoint: e} under 'config_management': it has {type: chef} (line 11)"
    )
    assert credentials.select("config_management", {"type": "puppet"}, required=False) is None


def test_without_a_file_nothing_fits() -> None:
    credentials = load(None)
    assert credentials.select("resource", {"type": "ec2"}, required=False) is None
    with pytest.raises(CredentialsError, match="there is no authentication file"):
        credentials.select("resource", {"type": "ec2"})


def test_a_secret_that_stands_among_the_keys_is_not_shown() -> None:
    credentials = Credentials([Entry("resource", {"type": "ec2", "secretkey": "hunter2"}, {})])
    with pytest.raises(CredentialsError) as caught:
        credentials.select("resource", {"type": "ec2", "secretkey": "hunter3"})
    assert "hunter" not in str(caught.value)
    assert "hunter" not in repr(Entry("resource", {}, {"secretkey": "hunter2"}))


def test_references_are_looked_up_when_an_entry_is_chosen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path, "resource: [{type: x, auth_data: {password: !secret {env: PW_OF_THE_TEST}}}]")
    masker = Masker()
    credentials = load(path, masker)
    assert list(credentials.secrets()) == []
    with pytest.raises(UsageError, match="!secret env:PW_OF_THE_TEST"):
        credentials.select("resource", {"type": "x"})
    monkeypatch.setenv("PW_OF_THE_TEST", "hunter2")
    assert credentials.select("resource", {"type": "x"}) == {"password": "hunter2"}
    assert masker.mask("is hunter2 known?") == "is ******** known?"
    assert credentials.entries[0].auth_data == {"password": SecretReference("env", "PW_OF_THE_TEST")}


def test_the_masker_learns_every_secret_and_no_name(auth: Path) -> None:
    masker = Masker()
    credentials = load(auth, masker)
    assert sorted(credentials.secrets())[:2] == ["PEM-LINE-ONE\nPEM-LINE-TWO\n", "general-key"]
    assert "admin" not in credentials.secrets()
    assert masker.mask("admin has general-secret") == "admin has ********"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("- hunter2", ["1:1: an authentication file is a mapping"]),
        ("resources: []", ["1:1: this key is not known in an authentication file"]),
        ("resource: {type: hunter2}", ["1:11: 'resource' is a list of entries"]),
        ("resource: [hunter2]", ["1:12: an entry is a mapping with 'type' and 'auth_data'"]),
        ("resource: [{auth_data: {}}]", ["1:12: the entry has no 'type'"]),
        ("resource: [{type: ec2}]", ["1:12: the entry has no 'auth_data'"]),
        ("resource: [{type: [hunter2], auth_data: hunter2}]", ["1:19: 'type' is text", "1:41: 'auth_data' is a mapping"]),
        (
            "resource: [{type: nova, auth_data: {type: voms, proxy: hunter2}}]",
            ["1:43: 'type: voms' is not supported any more: it was dropped in release 1.10"],
        ),
        ("resource: [{type: x, auth_data: {a: hunter2, a: hunter2}}]", ["1:46: the key '...' is given twice in one mapping"]),
        ("resource: [{type: x, auth_data: {pw: *hunter2}}]", ["1:38: no anchor is named '...' before this alias"]),
        ("resource: [{type: x, auth_data: {pw: hunter2: x}}]", ["1:45: "]),
    ],
)
def test_faults_of_structure_have_their_place_and_show_no_value(tmp_path: Path, text: str, expected: list[str]) -> None:
    diagnostics = Diagnostics()
    path = write(tmp_path, text)
    load_credentials(path, diagnostics)
    told = [f"{fault.position}: {fault.message}".removeprefix(f"{path}:") for fault in diagnostics.faults]
    assert len(told) == len(expected)
    assert all(each.startswith(start) for each, start in zip(told, expected, strict=True))
    assert "hunter2" not in "\n".join(str(fault) for fault in diagnostics.faults)


@pytest.mark.parametrize("nothing", ["auth_data: notneeded", "auth_data: {}", "auth_data: null", "name: mine"])
def test_the_entry_that_the_original_wanted_for_docker_is_passed_over(tmp_path: Path, nothing: str) -> None:
    diagnostics = Diagnostics()
    path = write(tmp_path, f"resource: [{{type: ec2, auth_data: {{accesskey: k}}}}, {{type: docker, {nothing}}}]")
    credentials = load_credentials(path, diagnostics)
    (fault,) = diagnostics.faults
    assert (fault.message, fault.hint, fault.warning) == ("docker needs no entry, and this one says nothing", "remove it", True)
    assert credentials.select("resource", {"type": "docker", "name": "mine"}, required=False) is None
    assert credentials.select("resource", {"type": "ec2"}) == {"accesskey": "k"}


def test_an_entry_with_voms_hinders_only_those_who_need_it(tmp_path: Path) -> None:
    """The manual of the original has one beside an entry for EC2."""
    diagnostics = Diagnostics()
    voms = "{type: nova, auth_data: {type: voms, proxy: hunter2}}"
    credentials = load_credentials(write(tmp_path, f"resource: [{{type: ec2, auth_data: {{accesskey: k}}}}, {voms}]"), diagnostics)
    assert not diagnostics.has_errors
    assert credentials.select("resource", {"type": "ec2"}) == {"accesskey": "k"}
    with pytest.raises(CredentialsError, match=r"\{type: nova\} \(line 1\): 'type: voms' is not supported any more") as caught:
        credentials.select("resource", {"type": "nova"})
    assert "application_credential" in (caught.value.hint or "")
    assert "hunter2" not in str(caught.value)


def test_a_file_that_others_can_read_is_a_warning(auth: Path) -> None:
    auth.chmod(0o640)
    diagnostics = Diagnostics()
    load_credentials(auth, diagnostics)
    assert [(fault.message, fault.hint, fault.warning) for fault in diagnostics.faults] == [
        (f"the authentication file '{auth}' can be read by others (0640)", f"chmod 600 {auth}", True)
    ]


def test_a_file_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    diagnostics = Diagnostics()
    load_credentials(tmp_path / "none", diagnostics)
    assert [fault.message for fault in diagnostics.faults] == [f"there is no file '{tmp_path / 'none'}'"]
