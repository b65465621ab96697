"""What is installed, and the store."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

from occopus.diagnostics import Fault
from occopus.doctor.report import Report
from occopus.errors import OccopusError
from occopus.workspace import Workspace


def examine_plugins(workspace: Workspace, report: Report) -> None:
    """Packages that do not load, and names that several claim."""
    registry = workspace.registry
    for package in registry.packages:
        if package.problem:
            report.take([Fault(f"{package.name} does not load: {package.problem}", None, f"pip install -U {package.name}", warning=True)])
    for (kind, name), rivals in registry.conflicts.items():
        packages = sorted({rival.package.name for rival in rivals})
        hint = f"keep one of them: pip uninstall {packages[-1]}"
        report.take([Fault(f"the {kind} '{name}' is offered by {' and '.join(packages)}", None, hint, warning=True)])
    sound = sorted(f"{package.name} {package.version}" for package in registry.packages if not package.problem)
    report.well.append(f"installed: {', '.join(sound)}")


def examine_store(workspace: Workspace, report: Report) -> bool:
    """Whether the store can be read. One that does not exist yet is not made for that."""
    address = urlsplit(workspace.settings.store_url)
    where = address.path if address.scheme == "sqlite" else f"{address.scheme}:{f'//{address.hostname}' if address.hostname else ''}"
    if address.scheme == "sqlite" and not Path(address.path).exists():
        report.well.append(f"store: {where}, which will be made when it is needed")
        return False
    try:
        infrastructures, definitions = len(workspace.list()), len(workspace.definitions())
    except OccopusError as error:
        report.take([Fault(error.message, None, error.hint)], workspace.masker.mask)
        return False
    report.well.append(f"store: {where} has infrastructures: {infrastructures}, node definitions of '{workspace.user}': {definitions}")
    return True
