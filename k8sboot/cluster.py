"""The cluster as phases see it: its specification and its hosts, for reading."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from k8sboot.host.etc_hosts import ETC_HOSTS, block_entries
from k8sboot.host.node_address import of_unread
from k8sboot.host.peer import Peer
from k8sboot.inventory.hosts import HostSpec
from k8sboot.inventory.model import Spec


@dataclass(frozen=True)
class Cluster:
    """The specification, and the connected hosts by name. Unreachable hosts are not among the peers."""

    spec: Spec
    peers: Mapping[str, Peer]
    limit: frozenset[str] | None = None
    """The hosts that this run is restricted to, None for all."""
    needs: tuple[str, ...] = ()
    """The phases whose changes to the first master are read here."""
    failed: frozenset[str] = frozenset()
    """The hosts that had failed, or were refused, when this phase began."""

    @property
    def first_master(self) -> Peer:
        """The master that runs kubeadm init and answers for the cluster. NotYet in a dry run that plans its needs."""
        first = self.peers[self.spec.masters[0].name]
        first.relies_on(*self.needs)
        return first

    @property
    def names(self) -> frozenset[str]:
        """The names of all hosts of the inventory, reachable or not."""
        return frozenset(h.name for h in self.spec.hosts)

    @property
    def other_masters(self) -> tuple[Peer, ...]:
        """The reachable masters except the first."""
        return self._reachable(self.spec.masters[1:])

    @property
    def nodes(self) -> tuple[Peer, ...]:
        """The reachable hosts that are not masters."""
        return self._reachable(self.spec.nodes)

    @property
    def everyone(self) -> tuple[Peer, ...]:
        """The reachable hosts, masters first."""
        return self._reachable(self.spec.hosts)

    @property
    def chosen(self) -> tuple[Peer, ...]:
        """The reachable hosts that this run is restricted to."""
        return tuple(p for p in self.everyone if self.limit is None or p.name in self.limit)

    def _reachable(self, hosts: tuple[HostSpec, ...]) -> tuple[Peer, ...]:
        return tuple(self.peers[h.name] for h in hosts if h.name in self.peers)


def node_addresses(spec: Spec, peers: Mapping[str, Peer]) -> dict[str, str]:
    """The address of every host in the cluster, by name; '' where it is unknown.

    A host that is not connected has the one that the first master's /etc/hosts has from an earlier run, or else what
    the inventory tells.
    """
    found = {name: "" if peer.node.problem else peer.node.value for name, peer in peers.items()}
    others = [host for host in spec.hosts if host.name not in found]
    silent = any(not host.node_address for host in others)
    noted = block_entries(peers[spec.masters[0].name].read_file(ETC_HOSTS) or "") if silent else {}
    return {**found, **{h.name: h.node_address or noted.get(h.name) or of_unread(h) for h in others}}
