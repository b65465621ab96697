"""The tutorials that the original published, where their backends are not installed. What they come to with all of them, `tests` at the
root sees.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

SHARED = Path(__file__).parents[3] / "shared" / "tutorials"
NAMES = sorted(folder.name for folder in SHARED.iterdir() if folder.is_dir()) if SHARED.is_dir() else []

PACKAGES = {
    "azure-aci-helloworld": {"occopus-azure-aci"},
    "azure-ping": {"occopus-azure"},
    "chef-wordpress": {"occopus-ec2", "occopus-chef"},
    "cloudbroker-helloworld": {"occopus-cloudbroker"},
    "cloudsigma-ping": {"occopus-cloudsigma"},
    "docker-ping": {"occopus-docker"},
    "docker-swarm": {"occopus-cloudsigma"},
    "ec2-ping": {"occopus-ec2"},
    "flowbster-autodock-vina": {"occopus-ec2"},
    "nova-helloworld": {"occopus-nova"},
    "spark-cluster-with-r": {"occopus-nova"},
}
"""By tutorial: the packages that it needs."""

pytestmark = pytest.mark.skipif(not NAMES, reason="THE TUTORIALS ARE NOT THERE: put them into ../shared/tutorials beside the repository")


@pytest.fixture(params=NAMES or ["none"])
def tutorial(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A copy of a tutorial's folder with its values filled in."""
    folder = tmp_path / request.param
    shutil.copytree(SHARED / request.param, folder, copy_function=shutil.copyfile)
    subprocess.run([sys.executable, SHARED / "fill.py", folder], check=True)
    return folder


def infra(folder: Path) -> Path:
    return next(folder.glob("infra*.yaml"))


def definitions(folder: Path) -> Path:
    return folder / "nodes" / "node_definitions.yaml"


def test_without_its_backend_a_tutorial_says_which_package_to_install(tutorial: Path, site: Any) -> None:
    done = site.run("occopus", "validate", infra(tutorial), definitions(tutorial))
    assert (done.returncode, done.stdout) == (2, "")
    hints = {line.strip() for line in done.stderr.splitlines() if "pip install" in line}
    assert hints == {f"= pip install {package}" for package in PACKAGES[tutorial.name]}
    assert "warning" not in done.stderr


def test_importing_without_the_backend_warns_and_goes_on(tutorial: Path, site: Any) -> None:
    done = site.run("occopus-import", definitions(tutorial))
    assert done.returncode == 0
    assert {f"= pip install {package}" for package in PACKAGES[tutorial.name]} <= {line.strip() for line in done.stderr.splitlines()}
