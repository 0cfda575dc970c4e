"""What the rows of a smoke test share: the cluster, the namespace as a thread keeps seeing it, and what they noted."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

from k8sboot.cluster import Cluster
from k8sboot.errors import K8sbootError
from k8sboot.host.host import Host
from k8sboot.host.peer import Command, Peer
from k8sboot.kubernetes import commands
from k8sboot.smoke.objects import ECHO, NAMESPACE
from k8sboot.smoke.state import KINDS, Moment, Pod, moment

PAUSE = 1.5
"""Seconds between two looks at the namespace."""


class Watch:
    """Looks at the namespace in a thread of its own; a context manager."""

    def __init__(self, host: Peer) -> None:
        self._host = host
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._go, name="k8sboot-smoke-watch", daemon=True)
        self.moments: tuple[Moment, ...] = ()
        self.problem = ""
        """Why the last look failed, '' if it did not."""
        self.clock = time.monotonic

    def __enter__(self) -> Watch:
        """Look for the first time, and go on."""
        self.look()
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """End."""
        self._end.set()
        self._thread.join(timeout=60)

    def look(self) -> None:
        """Look once."""
        asked = time.monotonic()
        try:
            said = self._host.read(commands.get(KINDS, namespace=NAMESPACE), timeout=60)
            self.moments += (moment(said, asked=asked, answered=time.monotonic()),)
            self.problem = ""
        except K8sbootError as error:
            self.problem = str(error)

    def _go(self) -> None:
        took = 0.0
        while not self._end.wait(max(PAUSE, took)):
            began = time.monotonic()
            self.look()
            took = time.monotonic() - began


@dataclass
class Scene:
    """cluster: its reachable hosts. host: the first master. nodes: the addresses of the cluster's nodes, by name."""

    cluster: Cluster
    host: Host
    image: str
    watch: Watch
    nodes: Mapping[str, str]
    notes: dict[str, float] = field(default_factory=dict)
    """When something was done, by its name: monotonic seconds."""

    _lock: threading.Lock = field(default_factory=threading.Lock)

    def change(self, what: str, command: Command) -> str:
        """Change something in the cluster: one row after the other."""
        with self._lock:
            return self.host.change(what, command)

    @property
    def now(self) -> Moment:
        """The namespace as it was seen last."""
        moments = self.watch.moments
        return moments[-1] if moments else Moment()

    @property
    def moments(self) -> tuple[Moment, ...]:
        """The namespace as it was seen each time, oldest first."""
        return self.watch.moments

    @property
    def echoes(self) -> dict[str, Pod]:
        """The Pod of each node, by the node's name, where it runs."""
        return {pod.node: pod for pod in self.now.parts(ECHO) if pod.is_ready and pod.address}

    @property
    def reachable(self) -> dict[str, Peer]:
        """The nodes that this run is connected to, by name."""
        return {peer.name: peer for peer in self.cluster.everyone if peer.name in self.nodes}
