"""Phases made for a test, and a log of who did them."""

from __future__ import annotations

import threading
from collections.abc import Callable

from k8sboot.cluster import Cluster
from k8sboot.host.host import Host
from k8sboot.phase import Phase, phase


class Log:
    """Who did what, in order; steps are refused, or wait, as the test wants."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.at_work = 0
        self.most_at_work = 0
        self.lock = threading.Lock()

    def phase(
        self, name: str, on, *, do: Callable[[Cluster, Host], None] = lambda _c, _h: None, **how
    ) -> Phase:
        def work(cluster: Cluster, host: Host) -> None:
            """Do as the test wants."""
            with self.lock:
                self.lines.append(f"{host.name} {name}")
                self.at_work += 1
                self.most_at_work = max(self.most_at_work, self.at_work)
            try:
                do(cluster, host)
            finally:
                with self.lock:
                    self.at_work -= 1

        work.__name__ = name
        return phase(on=on, **how)(work)

    def at(self, line: str) -> int:
        return self.lines.index(line)
