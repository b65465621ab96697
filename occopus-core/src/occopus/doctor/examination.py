"""The whole examination."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from occopus.diagnostics import Fault
from occopus.doctor.authentication import examine_authentication
from occopus.doctor.configuration import examine_configuration
from occopus.doctor.descriptions import examine_files, examine_imported
from occopus.doctor.installation import examine_plugins, examine_store
from occopus.doctor.report import Report
from occopus.masking import Masker
from occopus.workspace import Workspace


def examine(
    files: Sequence[str], cfg: str | None, auth_data_path: str | None, environ: Mapping[str, str], masker: Masker | None = None
) -> Report:
    """Look at the configuration, the authentication file, the installation, the store, and the given descriptions and node definitions;
    where none are given, at the node definitions that were imported. Nothing is changed.
    """
    report = Report()
    settings = examine_configuration(cfg, auth_data_path, environ, report)
    workspace = Workspace(settings, masker=masker or Masker())
    workspace.warn = lambda text: report.take([Fault(text, warning=True)], workspace.masker.mask)
    try:
        credentials = examine_authentication(workspace, report)
        examine_plugins(workspace, report)
        is_stored = examine_store(workspace, report)
        if files:
            examine_files(files, workspace, credentials, report)
        elif is_stored:
            examine_imported(workspace, credentials, report)
    finally:
        workspace.close()
    return report
