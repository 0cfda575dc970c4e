"""Whether every machine of a run is the inventory's: what each says of itself, compared with it and with the others.

What counts is the cluster's CA. The inventory holds none, so its cluster is that of the first master, or else of the
next member, of which a machine stands where the inventory has it and which has the inventory's name.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from k8sboot.errors import K8sbootError
from k8sboot.inventory.hosts import HostSpec
from k8sboot.inventory.model import Spec
from k8sboot.membership import errors
from k8sboot.membership.reading import Membership
from k8sboot.membership.wanted import NAME, Difference, Wanted, differences_of_member


@dataclass(frozen=True)
class Seen:
    """What a connected host says. addresses: those that it has."""

    membership: Membership
    addresses: tuple[str, ...] = ()


class Verdicts:
    """The hosts that answered, judged together."""

    def __init__(self, spec: Spec, seen: Mapping[str, Seen]) -> None:
        self._spec = spec
        leader = seen.get(spec.masters[0].name)
        self._wanted = Wanted.by(spec, leader.addresses if leader else ())
        self._hosts = {h.name: h for h in spec.hosts if h.name in seen}
        self._seen = seen
        self._members = [name for name in self._hosts if self._of(name).is_member]
        first = spec.masters[0].name
        self._is_first_missing = first in seen and first not in self._members
        self._differences = {name: self._differences_of(name) for name in self._members}
        self.home = next(filter(self._is_home, map(self._cluster_of, self._members)), [])
        """The members of the inventory's cluster; empty if no machine is."""

    def of_cluster(self, identity: str) -> frozenset[str]:
        """The hosts that are members of the cluster with this CA."""
        return frozenset(name for name in self._members if identity in self._of(name).identities)

    @property
    def unmarked(self) -> list[str]:
        """The members of the inventory's cluster that have no mark of k8sboot."""
        return [name for name in self.home if not self._of(name).mark & self._of(name).identities]

    @property
    def identity(self) -> str:
        """The CA of the inventory's cluster, '' if there is none."""
        return self._of(self.home[0]).identity if self.home else ""

    def problems(self, *, has_to_build: bool) -> dict[str, K8sbootError]:
        """Why the run must not begin, by host. has_to_build: it completes a cluster, and does not only remove it."""
        found: dict[str, K8sbootError] = {}
        for name in self._strangers():
            found.update(self._foreign(name, found))
        found.update(self._of_other_distributions())
        found.update(self._misplaced())
        if has_to_build:
            for name in self._hosts:
                if name not in found and (remains := self._remains(name)):
                    found[name] = errors.remains(name, remains)
            if self.home and self._is_first_missing:
                found.setdefault(*self._without_first_master())
        return found

    # Who is who

    def _of(self, name: str) -> Membership:
        return self._seen[name].membership

    def _are_of_one_cluster(self, one: str, other: str) -> bool:
        return one == other or bool(self._of(one).identities & self._of(other).identities)

    def _differences_of(self, name: str) -> tuple[list[Difference], list[Difference]]:
        """The member's own, and those of its cluster."""
        found, seen = self._of(name), self._seen[name]
        own = differences_of_member(self._hosts[name], found, seen.addresses)
        return list(own), list(self._wanted.differences(found))

    def _cluster_of(self, name: str) -> list[str]:
        return [other for other in self._members if self._are_of_one_cluster(name, other)]

    def _is_home(self, members: Sequence[str]) -> bool:
        """Whether these members' cluster is the inventory's."""
        named = [d for name in members for d in self._that_count(name) if d.key == NAME]
        return not named and any(self._is_in_place(name) for name in members)

    def _that_count(self, name: str) -> list[Difference]:
        return [d for d in self._differences[name][1] if self._wanted.counts(d)]

    def _is_in_place(self, name: str) -> bool:
        found = self._of(name)
        knows_us = found.has_control_plane or self._wanted.is_endpoint(found.server)
        return not self._differences[name][0] and knows_us and bool(found.identities)

    def _strangers(self) -> list[str]:
        """Members of other clusters; a machine whose join did not finish is one if it was about to join another."""
        astray = [
            name
            for name in self._hosts
            if (found := self._of(name)).is_unfinished
            and found.server
            and not any(map(self._wanted.is_endpoint, found.endpoints))
        ]
        return [name for name in self._members if name not in self.home] + astray

    # What is wrong

    def _foreign(self, name: str, told: Mapping[str, K8sbootError]) -> dict[str, K8sbootError]:
        """An error for the first machine of each foreign cluster, which names the others of it."""
        if any(self._are_of_one_cluster(name, other) for other in told):
            return {}
        others = [n for n in self._strangers() if n != name and self._are_of_one_cluster(name, n)]
        differences = [d for part in self._differences.get(name, ()) for d in part]
        return {name: errors.foreign((name, *others), self._of(name), differences, home=self.identity)}

    def _of_other_distributions(self) -> dict[str, K8sbootError]:
        """Machines with Kubernetes that kubeadm did not set up; on a member of a cluster it is what is left of it."""
        return {
            name: errors.other_distribution(name, found.other)
            for name in self._hosts
            if (found := self._of(name)).other and not found.is_member
        }

    def _misplaced(self) -> dict[str, K8sbootError]:
        """Members of the inventory's cluster that are another than it says; the cluster's own values are told once."""
        found: dict[str, K8sbootError] = {}
        masters = [name for name in self.home if self._of(name).has_control_plane]
        told: set[str] = set()
        for name in self.home:
            own = self._differences[name][0]
            of_cluster = self._that_count(name) if name in (masters or self.home) else []
            new = [*own, *(d for d in of_cluster if d.key not in told)]
            told.update(d.key for d in of_cluster)
            if any(d.key == "name" for d in new):
                found[name] = self._renamed(name)
            elif new:
                found[name] = errors.fixed(name, new, self.identity)
        return found

    def _renamed(self, name: str) -> K8sbootError:
        old = self._of(name).node_name
        return errors.renamed(name, old, is_elsewhere=any(h.name == old for h in self._spec.hosts))

    def _remains(self, name: str) -> tuple[str, ...]:
        host: HostSpec = self._hosts[name]
        found = self._of(name)
        return found.remains if host.role == "master" or found.is_marked else ()

    def _without_first_master(self) -> tuple[str, K8sbootError]:
        first = self._spec.masters[0].name
        others = [name for name in self.home if self._hosts[name].role == "master"]
        return first, errors.no_first_master(first, self.home, others, self._of(self.home[0]))
