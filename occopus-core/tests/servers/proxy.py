"""A network that loses replies: what is sent arrives, and the connection breaks before the answer is back."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress


class Proxy:
    """Stands between clients and a server on this machine. The next `losing` answers get lost, and their connections break.

    With `silent` they stay open, and their clients wait in vain. Answers to how a client introduces itself are not meant.
    """

    def __init__(self, target: int) -> None:
        self.losing = 0
        self.lost = 0
        self.silent = False
        self._target = target
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._lock = threading.Lock()
        self._open: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        for each in [self._listener, *self._open]:
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                self._open += [client]
                threading.Thread(target=self._serve, args=[client], daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        """Carry commands there and answers back, one at a time, as the client sends them."""
        with client, socket.create_connection(("127.0.0.1", self._target)) as server, suppress(OSError):
            forth = threading.Thread(target=self._carry_forth, args=[client, server], daemon=True)
            forth.start()
            while answer := server.recv(1 << 20):
                if answer.startswith((b"-NOSCRIPT", b"-ERR unknown", b"+OK")) or not self._is_lost():
                    client.sendall(answer)
                elif not self.silent:
                    break
            with suppress(OSError):
                client.shutdown(socket.SHUT_RDWR)
            forth.join()

    def _carry_forth(self, client: socket.socket, server: socket.socket) -> None:
        with suppress(OSError):
            while sent := client.recv(1 << 20):
                server.sendall(sent)
            server.shutdown(socket.SHUT_RDWR)

    def _is_lost(self) -> bool:
        with self._lock:
            if not self.losing:
                return False
            self.losing -= 1
            self.lost += 1
            return True
