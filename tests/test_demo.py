"""What the README promises first: a real infrastructure, built, shown to work, and gone again."""

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent


def test_the_demo_builds_shows_and_removes_a_real_infrastructure() -> None:
    done = subprocess.run([sys.executable, ROOT / "examples/message/demo.py"], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "The sender fetched: Hello from the receiver!" in done.stdout
    assert "there are no infrastructures" in done.stderr, "the last command lists what is left"
    ready = [line.split()[2] for line in done.stderr.splitlines() if re.search(r"\bready\b", line)]
    assert ready[:2] == ["receiver", "sender"], "the sender is made when the receiver is ready, not before"


def test_the_readme_begins_with_the_two_commands_of_one_line_each() -> None:
    blocks = re.findall(r"```sh\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    first, second = (block.strip() for block in blocks[:2])
    assert "examples/message/demo.py" in first
    assert "nox" in second
    assert "\n" not in first + second, "each is one line"
