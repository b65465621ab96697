"""The log file: what happened is in it, and secrets are not, on any way out."""

from __future__ import annotations

from typing import Any

SECRET = "canary-8f3a1c"

NODES = """
'node_def:quiet':
  - resource: {type: local}
    contextualisation:
      type: cloudinit
      context_template:
        write_files:
          - {path: /secret.txt, content: !secret {file: secret.txt}}
        runcmd:
          - [sh, -c, "echo {{variables.word}} > word.txt; exec sleep 1000"]
"""


def test_what_happens_is_logged_and_secrets_are_not(home: Any) -> None:
    home.write("config.yaml", "logging: {file: occopus.log, level: DEBUG}\n")
    home.write("secret.txt", SECRET)
    home.write("nodes.yaml", NODES)
    infra = "infra_name: quiet\nuser_id: me\nvariables: {word: !secret {file: secret.txt}}\nnodes:\n  - {name: one, type: quiet}\n"
    home.write("infra.yaml", infra)
    built = home.run("occopus", "build", "--cfg", "config.yaml", "infra.yaml", "--nodes", "nodes.yaml")
    infra_id = built.stdout.strip()
    (directory,) = (home.data / "local" / infra_id).glob("*")
    assert (directory / "secret.txt").read_text() == SECRET, "the node has the secret"
    more = [home.run("occopus", *command, "-i", infra_id) for command in (["report"], ["report", "--json"], ["events"], ["plan"])]
    destroyed = home.run("occopus", "destroy", "--cfg", "config.yaml", "-i", infra_id)
    log = (home.path / "occopus.log").read_text()
    assert f"{infra_id} built" in log
    assert f"{infra_id} destroyed" in log
    for text in (log, *(done.stdout + done.stderr for done in (built, *more, destroyed))):
        assert SECRET not in text
    for file in home.data.glob("occopus.db*"):
        assert SECRET.encode() not in file.read_bytes(), f"{file.name} keeps a secret"


def test_a_log_that_can_not_be_written_is_a_warning(home: Any) -> None:
    home.write("config.yaml", "logging: {file: /proc/none/occopus.log}\n")
    listed = home.run("occopus", "list", "--cfg", "config.yaml")
    assert "warning" in listed.stderr
    assert "/proc/none" in listed.stderr
