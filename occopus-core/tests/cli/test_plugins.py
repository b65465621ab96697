"""occopus plugins, as a user runs it; what it says of broken packages is tested with the loading of plugins."""

from __future__ import annotations

import json
from typing import Any


def test_what_is_installed(site: Any) -> None:
    done = site.run("occopus", "plugins", "--json")
    assert (done.returncode, done.stderr) == (0, "")
    rows = json.loads(done.stdout)
    assert all(row.keys() == {"name", "kind", "package", "version", "status", "reason"} for row in rows)
    ours = {(row["kind"], row["name"]) for row in rows if row["package"] == "occopus-core"}
    others = {("resource handler", "local"), ("notifier", "webhook")}
    assert ours == {("contextualiser", name) for name in ("basic", "cloudinit", "docker")} | others
    assert {row["name"] for row in rows if row["package"] == "occopus-healthchecks"} == {"ping", "ports", "urls", "mysqldbs"}
    assert {row["status"] for row in rows} == {"ok"}


def test_the_table_has_the_same_rows(site: Any) -> None:
    rows = json.loads(site.run("occopus", "plugins", "--json").stdout)
    header, *lines = site.run("occopus", "plugins").stdout.splitlines()
    assert header.split() == ["name", "kind", "package", "version", "status", "reason"]
    assert [line.split() for line in lines] == [" ".join(row.values()).split() for row in rows]


def test_a_new_package_is_there_at_once(site: Any) -> None:
    site.install(
        "pigeons",
        """
        from occopus.plugins import NotifierSpec, hookimpl
        @hookimpl
        def occopus_notifiers():
            yield NotifierSpec("pigeon", "x:Y", {})
        """,
    )
    lines = site.run("occopus", "plugins").stdout.splitlines()
    assert ["pigeon", "notifier", "pigeons", "1.0", "ok"] in [line.split() for line in lines]


def test_bad_usage_ends_with_2(site: Any) -> None:
    done = site.run("occopus", "plugins", "surplus")
    assert (done.returncode, done.stdout) == (2, "")
    misspelt = site.run("occopus", "plugns")
    assert misspelt.returncode == 2
    assert "there is no command 'plugns'; did you mean 'plugins'?" in misspelt.stderr
