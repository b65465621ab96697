"""A YAML language server, the one behind VS Code and many other editors, spoken to as an editor does."""

from __future__ import annotations

import json
import os
import subprocess
import threading
from dataclasses import dataclass
from pathlib import Path
from queue import Queue
from typing import Any, Self

PACKAGE = "yaml-language-server@1.25.0"
PATIENCE = 60.0
"""Seconds after which a test no longer believes that an answer will come."""


class LanguageServer:
    """A server that runs, with the settings that an editor gives it."""

    def __init__(self, program: list[str], settings: dict[str, Any], root: Path) -> None:
        self.settings = settings
        self.root = root
        self._process = subprocess.Popen(program, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        self._answers: dict[int, Queue[Any]] = {}
        self._found: dict[str, Queue[list[Any]]] = {}
        self._asked = threading.Event()
        self._reader = threading.Thread(target=self._read, daemon=True)

    def __enter__(self) -> Self:
        self._reader.start()
        able = {"textDocument": {"hover": {"contentFormat": ["plaintext"]}}, "workspace": {"configuration": True}}
        folders = [{"uri": self.root.as_uri(), "name": "test"}]
        self.ask("initialize", {"processId": os.getpid(), "rootUri": self.root.as_uri(), "workspaceFolders": folders, "capabilities": able})
        self._tell("initialized", {})
        self._tell("workspace/didChangeConfiguration", {"settings": self.settings})
        assert self._asked.wait(PATIENCE), "the server does not ask for the settings"
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.wait(PATIENCE)
        self._reader.join(PATIENCE)

    def open(self, path: Path, text: str | None = None) -> Opened:
        """Open a file in the editor, as it is or with another text, and wait for what the server finds wrong with it."""
        text = path.read_text() if text is None else text
        uri = path.absolute().as_uri()
        assert uri not in self._found, "what is found later can't be told from what was found before"
        self._found[uri] = Queue()
        self._tell("textDocument/didOpen", {"textDocument": {"uri": uri, "languageId": "yaml", "version": 1, "text": text}})
        faults = self._found[uri].get(timeout=PATIENCE)
        return Opened(self, uri, text, [_fault(each) for each in faults])

    def ask(self, method: str, parameters: dict[str, Any]) -> Any:
        number = len(self._answers)
        self._answers[number] = Queue()
        self._send({"id": number, "method": method, "params": parameters})
        answer = self._answers[number].get(timeout=PATIENCE)
        assert "error" not in answer, answer
        return answer["result"]

    def _tell(self, method: str, parameters: dict[str, Any]) -> None:
        self._send({"method": method, "params": parameters})

    def _send(self, message: dict[str, Any]) -> None:
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        assert self._process.stdin
        self._process.stdin.write(b"Content-Length: %d\r\n\r\n" % len(body) + body)
        self._process.stdin.flush()

    def _read(self) -> None:
        assert self._process.stdout
        while header := self._process.stdout.readline():
            length = int(header.removeprefix(b"Content-Length:"))
            while self._process.stdout.readline().strip():
                pass
            self._take(json.loads(self._process.stdout.read(length)))

    def _take(self, message: dict[str, Any]) -> None:
        method = message.get("method")
        if method == "workspace/configuration":
            answer = [self.settings.get(item["section"]) for item in message["params"]["items"]]
            self._send({"id": message["id"], "result": answer})
            self._asked.set()
        elif method == "textDocument/publishDiagnostics":
            self._found[message["params"]["uri"]].put(message["params"]["diagnostics"])
        elif method and "id" in message:
            self._send({"id": message["id"], "result": None})
        elif "id" in message:
            self._answers[message["id"]].put(message)


@dataclass
class Opened:
    """A file in the editor. `faults` are what is underlined: (line and column from 1, the underlined text, message)."""

    server: LanguageServer
    uri: str
    text: str
    found: list[tuple[int, int, str]]

    @property
    def faults(self) -> list[tuple[int, int, str]]:
        return sorted(self.found)

    def hover(self, mark: str) -> str:
        """What is shown when the pointer rests on the beginning of this text."""
        answer = self.server.ask("textDocument/hover", self._at(self.text.index(mark) + 1))
        return answer["contents"]["value"] if answer else ""

    def offers(self, mark: str) -> dict[str, str]:
        """What is offered at the end of this text, each with its explanation."""
        answer = self.server.ask("textDocument/completion", self._at(self.text.index(mark) + len(mark)))
        items = answer["items"] if isinstance(answer, dict) else answer
        return {item["label"]: _documentation(item) for item in items}

    def _at(self, offset: int) -> dict[str, Any]:
        before = self.text[:offset]
        position = {"line": before.count("\n"), "character": len(before) - before.rfind("\n") - 1}
        return {"textDocument": {"uri": self.uri}, "position": position}


def _fault(diagnostic: dict[str, Any]) -> tuple[int, int, str]:
    start = diagnostic["range"]["start"]
    return start["line"] + 1, start["character"] + 1, diagnostic["message"]


def _documentation(item: dict[str, Any]) -> str:
    told = item.get("documentation") or ""
    return str(told["value"] if isinstance(told, dict) else told)
