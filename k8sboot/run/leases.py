"""Renew the leases of a run's hosts while it lasts, and release them at its end."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from types import TracebackType

from k8sboot.host import lease
from k8sboot.host.machine import Machine

TICK = 5.0
RELEASE_TIMEOUT = 10.0
"""Seconds for releasing; a lease that is not released by then expires."""


class Leases:
    """A context manager: a thread renews leases that are due. machines may still grow meanwhile."""

    def __init__(self, machines: Mapping[str, Machine]) -> None:
        self._machines = machines
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._renew, name="k8sboot-leases", daemon=True)

    def __enter__(self) -> None:
        """Start renewing."""
        self._thread.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop renewing, and release all hosts at once."""
        self._end.set()
        threads = [
            threading.Thread(target=machine.release, name=f"release-{name}", daemon=True)
            for name, machine in tuple(self._machines.items())
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(RELEASE_TIMEOUT)

    def _renew(self) -> None:
        while not self._end.wait(TICK):
            for machine in tuple(self._machines.values()):
                machine.renew()


def refuse_held(machine: Machine) -> None:
    """Raises Locked where another run holds the host; k8sboot does not wait for it."""
    holder = lease.holder(machine.snapshot.facts.get("lock", ""))
    if machine.claim and holder and holder.is_foreign_to(machine.claim):
        raise lease.locked(holder.who, machine.name, lease.expiry(holder.seconds))
