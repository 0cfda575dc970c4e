"""Relays to hosts, which hold bytes back and count."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from bench.places import borrow_from_tests

borrow_from_tests()

from relays import Relay, listening  # noqa: E402 - lives with the tests

__all__ = ["Relay", "Traffic", "relays", "traffic"]


@dataclass(frozen=True)
class Traffic:
    """Of all connections to a host so far."""

    connections: int
    round_trips: int
    sent: int
    received: int

    def since(self, before: Traffic) -> Traffic:
        """What came after an earlier look."""
        return Traffic(
            self.connections - before.connections,
            self.round_trips - before.round_trips,
            self.sent - before.sent,
            self.received - before.received,
        )


def traffic(relay: Relay) -> Traffic:
    """What has gone through a relay so far."""
    return Traffic(len(relay.round_trips), sum(relay.round_trips), sum(relay.sent), sum(relay.received))


@contextlib.contextmanager
def relays(
    hosts: Mapping[str, tuple[str, int]], *, milliseconds: float, at: str
) -> Iterator[dict[str, Relay]]:
    """A relay to each host, listening at an address of this machine. milliseconds: there and back."""
    with contextlib.ExitStack() as stack:
        found = {name: Relay(to, milliseconds / 2000, 0.0) for name, to in hosts.items()}
        for relay in found.values():
            relay.port = stack.enter_context(listening(at, relay.connect)).port
        yield found
