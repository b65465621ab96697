"""A real Prometheus with a real Alertmanager behind it."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from redis_server import free_port

PROGRAMS = ("prometheus", "prometheus-alertmanager")


def missing() -> list[str]:
    """The programs that are not there."""
    return [program for program in PROGRAMS if not shutil.which(program)]


@contextmanager
def prometheus(folder: Path, target: str, webhook: str, rule: dict[str, Any]) -> Iterator[None]:
    """Look at a target's metrics each second, and send the alerts of a rule to a webhook."""
    folder.mkdir()
    address = f"127.0.0.1:{free_port()}"
    rules = {"groups": [{"name": "test", "interval": "1s", "rules": [rule]}]}
    looks = {
        "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
        "rule_files": [_written(folder / "rules.yml", rules)],
        "scrape_configs": [{"job_name": "occopus", "static_configs": [{"targets": [target]}]}],
        "alerting": {"alertmanagers": [{"static_configs": [{"targets": [address]}]}]},
    }
    route = {"receiver": "occopus", "group_wait": "0s", "group_interval": "1s", "repeat_interval": "1s"}
    sends = {"route": route, "receivers": [{"name": "occopus", "webhook_configs": [{"url": webhook, "send_resolved": True}]}]}
    started = [
        _started(folder, "prometheus", f"--config.file={_written(folder / 'prometheus.yml', looks)}", f"--storage.tsdb.path={folder}/data"),
        _started(
            folder,
            "prometheus-alertmanager",
            f"--config.file={_written(folder / 'alertmanager.yml', sends)}",
            f"--storage.path={folder}/alerts",
            "--cluster.listen-address=",
            address=address,
        ),
    ]
    try:
        yield
    finally:
        for process in started:
            process.kill()
            process.wait()


def _written(path: Path, settings: dict[str, Any]) -> str:
    path.write_text(json.dumps(settings))  # JSON is YAML, too
    return str(path)


def _started(folder: Path, program: str, *options: str, address: str = "") -> subprocess.Popen[bytes]:
    listen = f"--web.listen-address={address or f'127.0.0.1:{free_port()}'}"
    with (folder / f"{program}.log").open("wb") as log:
        return subprocess.Popen([program, listen, *options], stdout=log, stderr=log)
