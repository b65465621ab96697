"""Builds the example for real on this machine, shows that it works, and removes it again.

It runs the same commands that you would type, with a data directory of its own that is removed at the end.
"""

import json
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
import urllib.request
from pathlib import Path

HERE = Path(__file__).parent
OCCOPUS = Path(sys.executable).with_name("occopus")
FILES = [str(HERE / "infra.yaml"), "--nodes", str(HERE / "nodes/node_definitions.yaml")]


def main() -> None:
    data_dir = tempfile.mkdtemp(prefix="occopus-demo-")
    os.environ["OCCOPUS_DATA_DIR"] = data_dir
    try:
        occopus("validate", *FILES)
        occopus("plan", *FILES)
        infra_id = output("build", *FILES)
        print(infra_id, flush=True)
        try:
            occopus("report", "-i", infra_id)
            show_what_was_fetched(infra_id)
        finally:
            occopus("destroy", "-i", infra_id)
        occopus("list")
    finally:
        shutil.rmtree(data_dir, ignore_errors=True)


def show_what_was_fetched(infra_id: str) -> None:
    """Ask the sender over HTTP for what it fetched from the receiver."""
    report = json.loads(output("report", "-i", infra_id, "--json"))
    (sender,) = report["sender"]["instances"].values()
    url = f"http://{sender['resource_address']}:8081/fetched.txt"
    with urllib.request.urlopen(url, timeout=10) as answer:
        print(f"\nThe sender fetched: {answer.read().decode().strip()}", flush=True)


def occopus(*arguments: str) -> None:
    """Run a command and let it speak for itself."""
    show(arguments)
    subprocess.run([OCCOPUS, *arguments], check=True)


def output(*arguments: str) -> str:
    """Run a command and give what it prints on standard output, as $(...) does in a shell."""
    show(arguments)
    return subprocess.run([OCCOPUS, *arguments], check=True, stdout=subprocess.PIPE, text=True).stdout.strip()


def show(arguments: tuple[str, ...]) -> None:
    print(f"\n$ {shlex.join(['occopus', *arguments])}", flush=True)


if __name__ == "__main__":
    main()
