"""Links that are far or slow: a relay that holds every byte back for a while, and a cable that carries little."""

from __future__ import annotations

import contextlib
import queue
import random
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from faulthosts import FaultyHost
from faultservers import listening

Late = queue.SimpleQueue[tuple[float, bytes]]


@dataclass
class Relay:
    """Passes each connection on to a host, every byte late. This kernel has no netem, which would do it below TCP.

    delay, jitter: seconds, each way. round_trips: of each connection, how often the client had to wait for the host:
    once for TCP, and whenever the host speaks after the client did, however many packets that takes.
    """

    to: tuple[str, int]
    delay: float
    jitter: float
    round_trips: list[int] = field(default_factory=list)
    port: int = 0

    def connect(self, client: socket.socket) -> None:
        """Serve one connection to its end."""
        number = len(self.round_trips)
        self.round_trips.append(1)
        last = ["client"]

        def heard(whose: str) -> None:
            self.round_trips[number] += (last[0], whose) == ("client", "host")
            last[0] = whose

        time.sleep(self.delay)
        with socket.create_connection(self.to) as host:
            there = threading.Thread(target=self._carry, args=(client, host, lambda: heard("client")))
            there.start()
            self._carry(host, client, lambda: heard("host"))
            there.join()

    def _carry(self, source: socket.socket, sink: socket.socket, heard: Callable[[], None]) -> None:
        late: Late = queue.SimpleQueue()
        threading.Thread(target=_deliver, args=(late, sink, heard), daemon=True).start()
        due = 0.0
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                held_back = self.delay + random.uniform(-self.jitter, self.jitter)  # noqa: S311 - a link's jitter
                due = max(due, time.monotonic() + held_back)
                late.put((due, data))
        late.put((due, b""))


def _deliver(late: Late, sink: socket.socket, heard: Callable[[], None]) -> None:
    with contextlib.suppress(OSError):
        while True:
            due, data = late.get()
            time.sleep(max(0.0, due - time.monotonic()))
            if not data:
                sink.shutdown(socket.SHUT_WR)
                return
            heard()
            sink.sendall(data)


@contextlib.contextmanager
def far_away(address: str, host: FaultyHost, *, delay: float, jitter: float) -> Iterator[Relay]:
    """A relay to a host's sshd that listens here for the length of a block."""
    relay = Relay((host.address, 22), delay, jitter)
    with listening(address, relay.connect) as listener:
        relay.port = listener.port
        yield relay


def slow_cable(host: FaultyHost, *, rate: str) -> None:
    """The host's cable carries no more than that, either way."""
    shape = ("root", "tbf", "rate", rate, "burst", "16k", "latency", "400ms")
    for run, interface in ((host.inside, "eth0"), (host.outside, host.cable)):
        run("tc", "qdisc", "add", "dev", interface, *shape)
        host.undo.callback(run, "tc", "qdisc", "del", "dev", interface, "root", check=False)
