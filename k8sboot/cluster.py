"""The cluster as phases see it: what it should be, and its hosts to be read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from k8sboot.host.peer import Peer
from k8sboot.inventory.model import HostSpec, Spec


@dataclass(frozen=True)
class Cluster:
    """What is wanted, and the connected hosts by name. A host that could not be reached is not among peers."""

    spec: Spec
    peers: Mapping[str, Peer]
    limit: frozenset[str] | None = None
    """The hosts that this run is about, None for all of them."""
    needs: tuple[str, ...] = ()
    """Phases whose changes to the first master are read here."""

    @property
    def first_master(self) -> Peer:
        """The master that init runs on and that answers for the cluster. NotYet in a dry run that plans its needs."""
        first = self.peers[self.spec.masters[0].name]
        first.relies_on(*self.needs)
        return first

    @property
    def other_masters(self) -> tuple[Peer, ...]:
        """The reachable masters but the first."""
        return self._reachable(self.spec.masters[1:])

    @property
    def nodes(self) -> tuple[Peer, ...]:
        """The reachable hosts that are no masters."""
        return self._reachable(self.spec.nodes)

    @property
    def everyone(self) -> tuple[Peer, ...]:
        """The reachable hosts, masters first."""
        return self._reachable(self.spec.hosts)

    @property
    def chosen(self) -> tuple[Peer, ...]:
        """The reachable hosts that this run is about."""
        return tuple(p for p in self.everyone if self.limit is None or p.name in self.limit)

    def _reachable(self, hosts: tuple[HostSpec, ...]) -> tuple[Peer, ...]:
        return tuple(self.peers[h.name] for h in hosts if h.name in self.peers)
