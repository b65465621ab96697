"""An SSH server that knows one user by one key, and one command: the one by which clients reach an engine behind SSH."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import paramiko

COMMAND = b"docker system dial-stdio"


@dataclass
class SshServer:
    """`home` is the user's: with a key, a configuration and the server's host key."""

    url: str
    home: Path
    commands: list[bytes] = field(default_factory=list)


@contextmanager
def ssh_server(engine_socket: str, home: Path) -> Iterator[SshServer]:
    host_key, user_key = paramiko.ECDSAKey.generate(), paramiko.ECDSAKey.generate()
    listener = socket.create_server(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    folder = home / ".ssh"
    folder.mkdir(mode=0o700)
    user_key.write_private_key_file(str(folder / "key"))
    (folder / "config").write_text(f"Host 127.0.0.1\n  IdentityFile {folder}/key\n  User me\n")
    (folder / "known_hosts").write_text(f"[127.0.0.1]:{port} {host_key.get_name()} {host_key.get_base64()}\n")
    server = SshServer(f"ssh://127.0.0.1:{port}", home)

    def serve() -> None:
        with suppress(OSError):
            while True:
                connection, _ = listener.accept()
                transport = paramiko.Transport(connection)
                transport.add_server_key(host_key)
                with suppress(paramiko.SSHException, EOFError):
                    transport.start_server(server=_Door(server, user_key, engine_socket))

    threading.Thread(target=serve, daemon=True).start()
    yield server
    listener.close()


class _Door(paramiko.ServerInterface):
    def __init__(self, server: SshServer, key: paramiko.PKey, engine_socket: str) -> None:
        self.server, self.key, self.engine_socket = server, key, engine_socket

    def get_allowed_auths(self, username: str) -> str:
        return "publickey"

    def check_auth_publickey(self, username: str, key: paramiko.PKey) -> int:
        known = username == "me" and key.get_base64() == self.key.get_base64()
        return paramiko.AUTH_SUCCESSFUL if known else paramiko.AUTH_FAILED

    def check_channel_request(self, kind: str, chanid: int) -> int:
        return paramiko.OPEN_SUCCEEDED

    def check_channel_exec_request(self, channel: Any, command: bytes) -> bool:
        self.server.commands.append(command)
        if command != COMMAND:
            return False
        line = socket.socket(socket.AF_UNIX)
        line.connect(self.engine_socket)
        for source, target in ((channel, line), (line, channel)):
            threading.Thread(target=_carry, args=(source, target), daemon=True).start()
        return True


def _carry(source: Any, target: Any) -> None:
    with suppress(OSError, EOFError):
        while piece := source.recv(65536):
            target.sendall(piece)
    for end in (source, target):
        with suppress(OSError, EOFError):
            end.close()
