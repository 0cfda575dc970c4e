"""Servers that are not what they should be, on this machine's address in the lab."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator

Answer = Callable[[socket.socket], None]


class Listener:
    """Takes connections and gives each the same answer. accepted: how many came."""

    def __init__(self, address: str, answer: Answer) -> None:
        self.accepted = 0
        self._answer = answer
        self._socket = socket.create_server((address, 0))
        self.port: int = self._socket.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._socket.accept()
                self.accepted += 1
                threading.Thread(target=self._one, args=(connection,), daemon=True).start()

    def _one(self, connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):
            self._answer(connection)

    def close(self) -> None:
        """Take no more."""
        self._socket.close()


@contextlib.contextmanager
def listening(address: str, answer: Answer) -> Iterator[Listener]:
    """A listener for the length of a block."""
    with contextlib.closing(Listener(address, answer)) as made:
        yield made


def saying(data: bytes) -> Answer:
    """Says this, reads a little, and hangs up."""

    def answer(connection: socket.socket) -> None:
        connection.settimeout(5)
        connection.sendall(data)
        connection.recv(1024)

    return answer


def a_byte_a_second(connection: socket.socket) -> None:
    """A banner that never ends, a byte each second."""
    while True:
        connection.sendall(b"S")
        time.sleep(1)


def silent(connection: socket.socket) -> None:
    """Reads and never answers."""
    while connection.recv(1024):
        pass
