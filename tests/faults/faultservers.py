"""Servers that are not what they should be, on this machine's address in the lab."""

from __future__ import annotations

import socket
import time

from relays import Answer


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
