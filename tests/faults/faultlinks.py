"""Links that are far or slow: a relay to a host of the lab, and a cable that carries little."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from faulthosts import FaultyHost
from relays import Relay, listening


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
