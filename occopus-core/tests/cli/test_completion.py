"""What shells offer when Tab is pressed: asked in real shells, with the script that `occopus completion` prints."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from occopus.cli.main import COMMANDS

from .conftest import SCRIPTS, Home

OLD_NAMES = {
    "occopus-build": "--parallelize",
    "occopus-destroy": "--infra-id",
    "occopus-import": "--auth_data_path",
    "occopus-maintain": "--cyclic",
    "occopus-rest-service": "--host",
    "occopus-scale": "--changescale",
}
"""With an option of each."""

BASH = """
complete() { :; }
compopt() { printf 'files: %s %s\\n' "$@"; }
eval "$SCRIPT"
read -r -a COMP_WORDS <<< "$LINE"
[[ $LINE == *' ' ]] && COMP_WORDS+=("")
COMP_CWORD=$(( ${#COMP_WORDS[@]} - 1 ))
function=_${COMP_WORDS[0]//-/_}_completion
$function "${COMP_WORDS[0]}"
printf '%s\\n' "${COMPREPLY[@]}"
"""

ZSH = """
compdef() { }
compadd() { print -l -- "${(@P)@[-1]}" }
_describe() { print -l -- "${(@P)3}" }
_path_files() { print "files: $*" }
eval "$SCRIPT"
words=("${(@s: :)LINE}")
CURRENT=$#words
_${words[1]//-/_}_completion
"""

FISH = """
echo "$SCRIPT" | source
complete --do-complete "$LINE"
"""


@cache
def script_for(shell: str) -> str:
    """What users have their shell read at its start."""
    return subprocess.run([SCRIPTS / "occopus", "completion", shell], capture_output=True, text=True, timeout=60, check=True).stdout


def ask(shell: str, script: str, home: Home, line: str) -> list[str]:
    """What a shell offers at the end of a line. On a machine that is busy completion may give up, so it is asked again, as users do."""
    return next(filter(None, (ask_once(shell, script, home, line) for _ in range(3))), [])


def ask_once(shell: str, script: str, home: Home, line: str) -> list[str]:
    """The same. Nothing may be said aside."""
    path = f"{SCRIPTS}:{os.environ['PATH']}"
    command = [shell, *{"bash": ["--norc", "-c"], "zsh": ["-f", "-c"], "fish": ["--no-config", "-c"]}[shell], script]
    environment = {**home.environment, "PATH": path, "LINE": line, "SCRIPT": script_for(shell)}
    done = subprocess.run(command, cwd=home.path, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert done.stderr == ""
    return [found for found in done.stdout.splitlines() if found]


@pytest.fixture(params=["bash", "zsh", "fish"])
def shell(request: pytest.FixtureRequest, home: Home) -> Any:
    if not shutil.which(request.param):
        pytest.skip(f"NO {request.param.upper()}: what it completes is not tried")
    scripts = {"bash": BASH, "zsh": ZSH, "fish": FISH}

    def words(line: str) -> list[str]:
        """What is offered, without explanations."""
        offered = ask(request.param, scripts[request.param], home, line)
        return [each.split("\t")[0].split(":")[0] if request.param != "bash" else each for each in offered]

    return words


def bash(home: Home, line: str) -> list[str]:
    return ask("bash", BASH, home, line)


def test_each_shell_completes_commands_options_and_values(shell: Any) -> None:
    assert shell("occopus ") == list(COMMANDS) or sorted(shell("occopus ")) == sorted(COMMANDS)  # fish sorts them
    assert shell("occopus bu") == ["build"]
    assert sorted(shell("occopus build --para")) == ["--parallelism", "--parallelize"]
    assert sorted(shell("occopus graph --format ")) == ["dot", "mermaid", "svg", "text"]
    assert shell("occopus token n") == ["new"]
    assert shell("occopus-build --parallelis") == ["--parallelism"]


@pytest.mark.parametrize(("program", "option"), OLD_NAMES.items())
def test_the_old_names_complete_too(program: str, option: str, home: Home) -> None:
    assert bash(home, f"{program} {option[:-1]}") == [option]


def test_explanations_are_shown_where_a_shell_can(home: Home) -> None:
    if shutil.which("fish"):
        assert ask("fish", FISH, home, "occopus validat") == [f"validate\t{COMMANDS['validate']}"]
    if shutil.which("zsh"):
        assert ask("zsh", ZSH, home, "occopus validat") == [f"validate:{COMMANDS['validate']}"]


@pytest.mark.parametrize(
    "line",
    [
        "occopus validate ",
        "occopus build inf",
        "occopus build infra.yaml --nodes ",
        "occopus graph -i x -o ",
        "occopus notify --file ",
        "occopus plan --cfg ",
        "occopus-import no",
    ],
)
def test_files_are_left_to_the_shell(line: str, home: Home) -> None:
    assert bash(home, line) == ["files: -o default"]


def test_backends(home: Home) -> None:
    assert bash(home, "occopus init --backend lo") == ["local"]


def test_infrastructures_and_their_nodes(home: Home) -> None:
    first = home.build(home.describe("alpha", "beta: type: plain, scaling: {min: 1, max: 3}"))
    second = home.build(home.describe("gamma", name="other"))
    assert sorted(bash(home, "occopus report -i ")) == sorted([first, second])
    assert bash(home, f"occopus destroy --infra-id {second[:12]}") == [second]
    assert bash(home, f"occopus-maintain -i {first[:12]}") == [first]
    assert bash(home, f"occopus scale -i {first} -n ") == ["alpha", "beta"]
    assert bash(home, "occopus-scale --node ") == ["alpha", "beta", "gamma"]
    assert bash(home, f"occopus report -i {first} -f b") == ["beta"]
    if shutil.which("fish"):
        assert ask("fish", FISH, home, f"occopus report -i {first[:12]}") == [f"{first}\ttest"]
    if shutil.which("zsh"):
        assert ask("zsh", ZSH, home, f"occopus report -i {second[:12]}") == [f"{second}:other"]


def test_nothing_is_made_for_it(home: Home) -> None:
    for line in ("occopus report -i ", "occopus scale -n ", "occopus init --backend ", "occopus build "):
        bash(home, line)
    assert list(home.path.iterdir()) == []


def test_it_is_silent_where_something_is_wrong(home: Home) -> None:
    home.write("broken.yaml", "a: [")
    home.data.mkdir()
    (home.data / "occopus.db").write_text("no database")
    for line in ("occopus report -i ", "occopus report --cfg broken.yaml -i ", "occopus nonsense "):
        assert bash(home, line) == []
    assert (home.data / "occopus.db").read_text() == "no database"


def test_nothing_is_waited_for_long(home: Home) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        home.use_redis(f"redis://127.0.0.1:{silent.getsockname()[1]}/0")
        assert bash(home, "occopus report -i ") == []
    endless = "import time; from occopus.cli.completing import answer; answer(lambda: time.sleep(1000))"
    done = subprocess.run([sys.executable, "-c", endless], capture_output=True, timeout=60, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


def test_an_unknown_shell(home: Home) -> None:
    assert "'tcsh' is not one of 'bash', 'zsh', 'fish'" in home.run("occopus", "completion", "tcsh", code=2).stderr


def test_the_programs_are_those_that_are_installed() -> None:
    installed = {path.name for path in Path(SCRIPTS).glob("occopus*")}
    assert installed == {"occopus", *OLD_NAMES}
