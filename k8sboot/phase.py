"""A phase of the runbook, declared by a decorator of the function that does its work."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import KW_ONLY, dataclass
from typing import Concatenate, Literal, ParamSpec

from k8sboot.cluster import Cluster
from k8sboot.diagnosis.diagnose import Diagnosis
from k8sboot.events import Barrier
from k8sboot.host.host import Host
from k8sboot.host.peer import Peer
from k8sboot.host.reads import Reads
from k8sboot.inventory.hosts import HostSpec
from k8sboot.inventory.model import Spec

Work = Callable[[Cluster, Host], None]
Selector = Callable[[Spec], tuple[HostSpec, ...]]
P = ParamSpec("P")


def everyone(spec: Spec) -> tuple[HostSpec, ...]:
    """Every host, masters first."""
    return spec.hosts


def first_master(spec: Spec) -> tuple[HostSpec, ...]:
    """The master on which `kubeadm init` runs."""
    return spec.masters[:1]


def masters(spec: Spec) -> tuple[HostSpec, ...]:
    """All masters."""
    return spec.masters


def other_masters(spec: Spec) -> tuple[HostSpec, ...]:
    """All masters except the first."""
    return spec.masters[1:]


def nodes(spec: Spec) -> tuple[HostSpec, ...]:
    """The hosts that are not masters."""
    return spec.nodes


def _never(_host: Peer) -> bool:
    return False


@dataclass(frozen=True)
class When:
    """A condition on the inventory. otherwise: why a phase does not apply where it is false: 'os.update is false'."""

    holds: Callable[[Spec], bool]
    otherwise: str


@dataclass(frozen=True)
class Phase:
    """One phase of the runbook.

    on: the hosts it runs on. when: what the inventory must say for it to apply. unless: a host for which this is
    true needs nothing from it. reads: what the first probe collects for it.

    after: phases that must have ended on all their hosts before this one starts on any. needs: phases whose
    changes to the host this one reads; a dry run that plans such changes cannot tell what this one would do.
    needs_on_first_master: the same for what it reads of the first master, from where it asks for it.

    at_once: the number of hosts at a time, 0 for no limit. turn: hosts for which this is true take turns, one at a
    time in all phases of the run that say so; if one of them fails after a change, nothing new starts.

    scope: --limit does not apply to a phase that changes the cluster rather than its host. diagnosis: looks for the
    cause of a failure. removes: it takes Kubernetes off its host. looks_only: it changes nothing, so that phases after
    it do not wait for a host that is still busy with a job of an earlier run.
    """

    run: Work
    _: KW_ONLY
    on: Selector
    when: When | None = None
    unless: Callable[[Peer], bool] = lambda _host: False
    reads: Reads | Callable[[Spec], Reads] = Reads()
    after: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    needs_on_first_master: tuple[str, ...] = ()
    at_once: int = 0
    turn: Callable[[Peer], bool] = _never
    scope: Literal["host", "cluster"] = "host"
    diagnosis: Diagnosis | None = None
    removes: bool = False
    looks_only: bool = False

    @property
    def name(self) -> str:
        """The function's name, with dashes."""
        return self.run.__name__.replace("_", "-")

    @property
    def title(self) -> str:
        """The first line of the function's docstring."""
        return (self.run.__doc__ or "").strip().splitlines()[0]

    @property
    def barrier(self) -> Barrier:
        """What its hosts wait for, for the journal."""
        return Barrier(
            phase=self.name, after=self.after, at_once=self.at_once, has_turn=self.turn is not _never
        )

    def does_not_apply(self, spec: Spec) -> str:
        """Why the phase has nothing to do with this inventory, '' where it applies."""
        return self.when.otherwise if self.when and not self.when.holds(spec) else ""

    def reads_for(self, spec: Spec) -> Reads:
        """What the first probe collects for the phase; nothing where it does not apply."""
        if self.does_not_apply(spec):
            return Reads()
        return self.reads(spec) if callable(self.reads) else self.reads


def _decorator(make: Callable[Concatenate[Work, P], Phase]) -> Callable[P, Callable[[Work], Phase]]:
    def declare(*args: P.args, **fields: P.kwargs) -> Callable[[Work], Phase]:
        return lambda work: make(work, *args, **fields)

    return declare


phase = _decorator(Phase)
"""The decorator: takes the fields of a Phase, and makes one of the function below it."""
