"""Every package has the same form, so that the next one is obvious."""

import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGES = sorted(path.parent for path in ROOT.glob("occopus-*/pyproject.toml"))


@pytest.mark.parametrize("package", PACKAGES, ids=lambda path: path.name)
def test_a_package_has_the_common_form(package: Path) -> None:
    project = tomllib.loads((package / "pyproject.toml").read_text())["project"]
    assert project["name"] == package.name
    assert project["requires-python"] == ">=3.11"
    assert project["entry-points"]["occopus"], "it announces its plugins"
    assert "test" in project["optional-dependencies"], "its tests say what they need"
    assert list((package / "src").glob("*/py.typed")), "it is typed"
    assert list((package / "tests").rglob("test_*.py")), "it has tests of its own"
    readme = (package / "README.md").read_text()
    assert readme.startswith(f"# {package.name}\n")
    assert "```" in readme, "the README has an example"


@pytest.mark.parametrize("package", PACKAGES, ids=lambda path: path.name)
def test_every_dependency_has_a_lowest_version(package: Path) -> None:
    project = tomllib.loads((package / "pyproject.toml").read_text())["project"]
    for requirement in project["dependencies"]:
        assert ">=" in requirement, f"{requirement}: the lowest version is missing, so `nox -s minimums` can't test it"
