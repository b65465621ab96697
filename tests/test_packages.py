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
    assert (package / "LICENSE").read_bytes() == (ROOT / "LICENSE").read_bytes(), "wheels and sdists take the licence from here"
    assert list((package / "tests").rglob("test_*.py")), "it has tests of its own"
    readme = (package / "README.md").read_text()
    assert readme.startswith(f"# {package.name}\n")
    assert "```" in readme, "the README has an example"


@pytest.mark.parametrize("package", PACKAGES, ids=lambda path: path.name)
def test_every_dependency_has_a_lowest_version(package: Path) -> None:
    project = tomllib.loads((package / "pyproject.toml").read_text())["project"]
    for requirement in project["dependencies"]:
        assert ">=" in requirement, f"{requirement}: the lowest version is missing, so `nox -s minimums` can't test it"


COMMON = {
    "Development Status :: 4 - Beta",
    "Intended Audience :: Science/Research",
    "Intended Audience :: System Administrators",
    "Operating System :: POSIX :: Linux",
    "Programming Language :: Python :: 3",
    "Programming Language :: Python :: 3 :: Only",
    "Programming Language :: Python :: 3.11",
    "Typing :: Typed",
}


@pytest.mark.parametrize("package", PACKAGES, ids=lambda path: path.name)
def test_a_package_can_be_found_by_what_it_is(package: Path) -> None:
    project = tomllib.loads((package / "pyproject.toml").read_text())["project"]
    classifiers = project["classifiers"]
    assert set(classifiers) >= COMMON
    assert f"Environment :: {'Console' if package.name == 'occopus-core' else 'Plugins'}" in classifiers
    assert any(each.startswith("Topic :: System :: ") for each in classifiers)
    assert classifiers == sorted(set(classifiers)), "in the order of their names"
    assert not any(each.startswith("License ::") for each in classifiers), "the licence is an SPDX expression"
    assert project["license"] == "Apache-2.0"
    assert project["description"]
    assert project["keywords"] == sorted(set(project["keywords"]))
    assert all(url.startswith("https://") for url in project.get("urls", {}).values())


def test_a_whole_backend_takes_less_than_200_lines() -> None:
    files = (ROOT / "examples" / "occopus-hetzner" / "src").rglob("*.py")
    assert sum(len(file.read_text().splitlines()) for file in files) < 200


@pytest.mark.parametrize("package", PACKAGES, ids=lambda path: path.name)
def test_a_package_says_for_which_contract_it_was_written(package: Path) -> None:
    declared = [file for file in (package / "src").rglob("plugin.py") if "\nCONTRACT = " in file.read_text()]
    assert declared, "its plugin.py has no CONTRACT"
