"""What was seen of a cluster: each host by itself, and the cluster through one of its masters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from k8sboot.errors import K8sbootError
from k8sboot.host.lease import Holder
from k8sboot.host.snapshot import UnitState
from k8sboot.inventory.hosts import HostSpec
from k8sboot.kubernetes.etcd import Member
from k8sboot.kubernetes.etcd_metrics import MemberState
from k8sboot.kubernetes.overview import Overview
from k8sboot.membership.verdicts import Seen as Membership


@dataclass(frozen=True)
class HostSeen:
    """A host of the inventory. error: why nothing is known of it, or why it is not to be used.

    kubelet, runtime: their units. proxy_mode: kube-proxy's, '' if it does not answer. certificates: when they end, by
    path. jobs: those of k8sboot that still run. holder: the run that holds the host. api: '' if its API server is
    ready, None on nodes and where there is none. etcd: its member, None if there is none or it does not answer.
    """

    spec: HostSpec
    error: K8sbootError | None = None
    expired: K8sbootError | None = None
    membership: Membership | None = None
    kubelet: UnitState = UnitState()
    runtime: UnitState = UnitState()
    runtime_unit: str = ""
    proxy_mode: str = ""
    certificates: Mapping[str, datetime] = field(default_factory=dict)
    jobs: tuple[str, ...] = ()
    holder: Holder | None = None
    api: str | None = None
    etcd: MemberState | None = None
    now: float = 0.0

    @property
    def name(self) -> str:
        """Its name in the inventory."""
        return self.spec.name

    @property
    def is_master(self) -> bool:
        """Whether the inventory has it as a master."""
        return self.spec.role == "master"

    @property
    def is_member(self) -> bool:
        """Whether it says that it belongs to a cluster."""
        return self.membership is not None and self.membership.membership.is_member

    @property
    def is_silent(self) -> bool:
        """Whether it did not answer."""
        return self.membership is None


@dataclass(frozen=True)
class ClusterSeen:
    """The cluster, as the master `by` tells of it. members: of etcd; None if it did not list them.

    events: the last one of what is not ready, by KIND/NAME. now: that master's time.
    """

    by: str
    overview: Overview
    members: tuple[Member, ...] | None
    events: Mapping[str, str]
    now: float


@dataclass(frozen=True)
class Seen:
    """All that was seen. hosts: those that were asked. unasked: the inventory's other hosts. limit: None for all.

    refusals: why a master did not tell of the cluster, by name. took: seconds.
    """

    hosts: tuple[HostSeen, ...]
    cluster: ClusterSeen | None
    unasked: tuple[str, ...]
    limit: frozenset[str] | None
    refusals: Mapping[str, str]
    at: float
    took: float

    @property
    def masters(self) -> tuple[HostSeen, ...]:
        """The masters of the inventory."""
        return tuple(host for host in self.hosts if host.is_master)
