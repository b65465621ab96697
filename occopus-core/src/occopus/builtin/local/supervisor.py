"""The machine that a local node stands for: runs its commands in order, adopts its daemons, and notes how far it is.

Run as a script, with the node's directory as argument. It imports the standard library only, so that it starts at once and depends on
nothing of Occopus that may change while it runs.
"""

from __future__ import annotations

import ctypes
import json
import os
import signal
import sys
from typing import Any

STATE, JOB, OUTPUT = "state.json", "job.json", "output.log"
PR_SET_CHILD_SUBREAPER = 36
NOT_FOUND, NOT_EXECUTABLE, KILLED = 127, 126, 128
"""Exit codes as shells give them; KILLED is to be added to the signal's number."""

LAST_LINES, LAST_BYTES = 5, 1000
"""How much of its output an ended container shows."""

AWAITED = {signal.SIGTERM, signal.SIGCHLD}


class Supervisor:
    """`state` is what stands in the state file."""

    def __init__(self, job: dict[str, Any]) -> None:
        self._commands: list[list[str]] = job["commands"]
        self._container: bool = job["container"]
        self._stopping = False
        self.state: dict[str, Any] = {
            "pid": os.getpid(),
            "birth": own_birth(),
            "phase": "running",
            "total": len(self._commands),
            "exit_codes": [],
            "last_lines": "",
        }

    def run(self) -> None:
        """Everything from the first command to the end of the machine."""
        for command in self._commands:
            if self._told_to_stop():
                break
            code = self._run(command)
            self.state["exit_codes"].append(code)
            if not self._container:
                self.note_if_possible()
        if self._container and self.state["exit_codes"]:
            self._end_container()
        self.state["phase"] = "stopped" if self._stopping else "finished"
        self.note_if_possible()
        self._wait_for(None)
        self.state["phase"] = "stopped"
        self.note_if_possible()

    def note(self) -> None:
        """Replace the state file in one step."""
        temporary = f".occopus-{STATE}.{os.getpid()}"
        with open(temporary, "w", encoding="utf-8") as file:
            json.dump(self.state, file)
        os.replace(temporary, STATE)

    def note_if_possible(self) -> None:
        """A full disk must not end the machine; what could not be noted is in the next note."""
        try:
            self.note()
        except OSError as error:
            say(f"{STATE}: {error.strerror}")

    def _run(self, command: list[str]) -> int:
        try:
            pid = os.posix_spawnp(command[0], command, os.environ, setsigmask=[], setsigdef=[signal.SIGPIPE, signal.SIGXFSZ])
        except OSError as error:
            say(f"{command[0]}: {error.strerror}")
            return NOT_FOUND if isinstance(error, FileNotFoundError) else NOT_EXECUTABLE
        return self._wait_for(pid) or 0

    def _wait_for(self, wanted: int | None) -> int | None:
        """Bury the dead until one is `wanted`; without one, until the machine was stopped and nothing lives in it any more."""
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                if self._stopping or wanted is not None:
                    return None
                pid = 0
            if pid and pid == wanted:
                code = os.waitstatus_to_exitcode(status)
                return code if code >= 0 else KILLED - code
            if not pid and signal.sigwait(AWAITED) == signal.SIGTERM:
                self._stop()

    def _told_to_stop(self) -> bool:
        """The request may have come in the same moment as the end of a command, and then nobody has looked at it yet."""
        if signal.SIGTERM in signal.sigpending():
            signal.sigwait({signal.SIGTERM})
            self._stop()
        return self._stopping

    def _stop(self) -> None:
        """Pass the request on once: the group that hears it includes this process."""
        if not self._stopping:
            self._stopping = True
            os.killpg(0, signal.SIGTERM)

    def _end_container(self) -> None:
        """As in a container, nothing outlives the main process."""
        self.state["phase"] = "exited"
        self.state["last_lines"] = last_lines()
        self.note_if_possible()
        os.killpg(0, signal.SIGKILL)


def say(text: str) -> None:
    """Write a line to the node's output, unless its disk is full."""
    try:
        os.write(sys.stderr.fileno(), f"{text}\n".encode())
    except OSError:
        return


def own_birth() -> str | None:
    """When this process began, in the words of `processes.birth`; None where only others can tell."""
    try:
        with open("/proc/self/stat", encoding="utf-8", errors="replace") as file:
            return file.read().rpartition(")")[2].split()[19]
    except OSError:
        return None


def last_lines() -> str:
    """The end of the node's output."""
    with open(OUTPUT, "rb") as file:
        file.seek(max(0, os.path.getsize(OUTPUT) - LAST_BYTES))
        text = file.read().decode(errors="replace")
    return "\n".join(text.rstrip().splitlines()[-LAST_LINES:])


def adopt_orphans() -> None:
    """Make daemons that leave their parents this process's children, where the system can do that."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def main(directory: str) -> None:
    """Claim the node and run it. A second supervisor of the same node finds the state file there and ends."""
    os.chdir(directory)
    signal.signal(signal.SIGCHLD, lambda *_: None)  # a signal that is ignored is not kept for sigwait everywhere
    signal.pthread_sigmask(signal.SIG_BLOCK, AWAITED)
    try:
        os.close(os.open(STATE, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    except FileExistsError:
        return
    with open(JOB, encoding="utf-8") as file:
        job = json.load(file)
    adopt_orphans()
    marks = {name: value for name, value in os.environ.items() if name.startswith("OCCOPUS_")}
    os.environ.update(job["env"] | marks)  # by its marks a process is found when the node is dropped
    supervisor = Supervisor(job)
    supervisor.note()
    supervisor.run()


if __name__ == "__main__":
    main(sys.argv[1])
