"""Listeners of a test, and a relay that holds bytes back and counts how often the client waits for the host."""

from __future__ import annotations

import contextlib
import queue
import random
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

Answer = Callable[[socket.socket], None]
Late = queue.SimpleQueue[tuple[float, bytes]]


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


@dataclass
class Relay:
    """Passes each connection on to a host, every byte late. This kernel has no netem, which would do it below TCP.

    delay, jitter: seconds, each way. round_trips: of each connection, how often the client had to wait for the host:
    once for TCP, and whenever the host speaks after the client did, however many packets that takes. sent, received:
    bytes of each connection, as the client sees them.
    """

    to: tuple[str, int]
    delay: float
    jitter: float
    round_trips: list[int] = field(default_factory=list)
    sent: list[int] = field(default_factory=list)
    received: list[int] = field(default_factory=list)
    port: int = 0

    def connect(self, client: socket.socket) -> None:
        """Serve one connection to its end."""
        number = len(self.round_trips)
        self.round_trips.append(1)
        self.sent.append(0)
        self.received.append(0)
        last = ["client"]

        def heard(whose: str, size: int) -> None:
            self.round_trips[number] += (last[0], whose) == ("client", "host")
            last[0] = whose
            (self.sent if whose == "client" else self.received)[number] += size

        time.sleep(self.delay)
        with socket.create_connection(self.to) as host:
            for end in (client, host):
                end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # late by the delay alone
            there = threading.Thread(
                target=self._carry, args=(client, host, lambda size: heard("client", size))
            )
            there.start()
            self._carry(host, client, lambda size: heard("host", size))
            there.join()

    def _carry(self, source: socket.socket, sink: socket.socket, heard: Callable[[int], None]) -> None:
        late: Late = queue.SimpleQueue()
        threading.Thread(target=_deliver, args=(late, sink, heard), daemon=True).start()
        due = 0.0
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                held_back = self.delay + random.uniform(-self.jitter, self.jitter)  # noqa: S311 - a link's jitter
                due = max(due, time.monotonic() + held_back)
                late.put((due, data))
        late.put((due, b""))


def _deliver(late: Late, sink: socket.socket, heard: Callable[[int], None]) -> None:
    with contextlib.suppress(OSError):
        while True:
            due, data = late.get()
            time.sleep(max(0.0, due - time.monotonic()))
            if not data:
                sink.shutdown(socket.SHUT_WR)
                return
            heard(len(data))
            sink.sendall(data)
