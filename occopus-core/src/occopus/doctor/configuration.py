"""The configuration file."""

from __future__ import annotations

from collections.abc import Mapping

import yaml

from occopus.descriptors.loader import Document
from occopus.diagnostics import Diagnostics
from occopus.doctor.report import Report
from occopus.settings import CONFIGURATION, Settings, load_settings
from occopus.settings_file import Path, in_own_form
from occopus.settings_original import read_original

REASONS: Mapping[Path, str] = {
    ("plugins",): "plugins that are installed are found: 'occopus plugins' shows them",
    ("components", "dry_run"): "'occopus plan' and 'occopus render' show what would be done",
    ("components", "uds", "altdbs"): "everything is kept in one database",
    ("components",): "no object is made from a configuration any more",
    ("logging",): "there is one log, with 'logging.file' and 'logging.level'",
}
"""By place: why an entry of Occopus 1 means nothing; for what has no place of its own here, that above it counts."""


def examine_configuration(cfg: str | None, auth_data_path: str | None, environ: Mapping[str, str], report: Report) -> Settings:
    """What is said of the configuration, and the settings; what is wrong has its default."""
    diagnostics = Diagnostics()
    settings = load_settings(cfg, auth_data_path, environ, diagnostics, explain_idle)
    report.take(diagnostics.faults)
    path = CONFIGURATION.find(cfg, environ, Diagnostics())
    report.well.append(f"configuration: {path}" if path else "configuration: none, so every setting has its default")
    return settings


def explain_idle(document: Document, idle: list[Path], diagnostics: Diagnostics) -> None:
    """A warning for each entry in vain, and one with what to write in place of all."""
    used = in_own_form(read_original(document, Diagnostics(), lambda *_: None))
    today = yaml.safe_dump(used, default_flow_style=None, sort_keys=False, width=1000).strip().replace("\n", "; ") if used else "nothing"
    diagnostics.warning("this is a configuration of Occopus 1; it works", document.position(), f"today it says: {today}")
    for path in idle:
        place = document.position(path, of_key=True)
        diagnostics.warning(f"'{'.'.join(path)}' means nothing any more: {_reason(path)}", place, "remove it")


def _reason(path: Path) -> str:
    places = (path[:length] for length in range(len(path), 0, -1))
    return next((REASONS[place] for place in places if place in REASONS), "Occopus has no such setting")
