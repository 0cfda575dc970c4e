"""The hosts that a run holds: their leases renewed while it lasts, and given back at its end."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from types import TracebackType

from k8sboot.host import lease
from k8sboot.host.machine import Machine

TICK = 5.0
PATIENCE = 10.0
"""Seconds for giving back; what is not given back by then ends by itself."""


class Leases:
    """As a context manager: a thread renews what is due. machines may still grow meanwhile."""

    def __init__(self, machines: Mapping[str, Machine]) -> None:
        self._machines = machines
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._keep, name="k8sboot-leases", daemon=True)

    def __enter__(self) -> None:
        """Begin to renew."""
        self._thread.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop renewing, and give back what is held, from all hosts at once."""
        self._end.set()
        threads = [
            threading.Thread(target=machine.release, name=f"let-go-{name}", daemon=True)
            for name, machine in tuple(self._machines.items())
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(PATIENCE)

    def _keep(self) -> None:
        while not self._end.wait(TICK):
            for machine in tuple(self._machines.values()):
                machine.renew()


def refuse_held(machine: Machine) -> None:
    """Raises Locked: where another run holds the host and is alive, it is not waited for."""
    holder = lease.holder(machine.snapshot.facts.get("lock", ""))
    if machine.claim and holder and holder.is_foreign_to(machine.claim):
        raise lease.locked(
            holder.told, machine.name, f"it is given {holder.seconds} s more to show that it is alive"
        )
