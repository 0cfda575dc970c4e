"""A phase: one chapter of the runbook as a value made from a function."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from k8sboot.cluster import Cluster
from k8sboot.diagnosis.diagnose import Diagnosis
from k8sboot.host.host import Host
from k8sboot.host.reads import Reads
from k8sboot.inventory.model import HostSpec, Spec

Work = Callable[[Cluster, Host], None]
Selector = Callable[[Spec], tuple[HostSpec, ...]]


def everyone(spec: Spec) -> tuple[HostSpec, ...]:
    """Every host, masters first."""
    return spec.hosts


def first_master(spec: Spec) -> tuple[HostSpec, ...]:
    """The master that init runs on."""
    return spec.masters[:1]


def masters(spec: Spec) -> tuple[HostSpec, ...]:
    """All masters."""
    return spec.masters


def other_masters(spec: Spec) -> tuple[HostSpec, ...]:
    """The masters but the first."""
    return spec.masters[1:]


def nodes(spec: Spec) -> tuple[HostSpec, ...]:
    """The hosts that are no masters."""
    return spec.nodes


@dataclass(frozen=True)
class Phase:
    """One chapter. after: phases that must have ended, on all their hosts, before this one starts on any.

    is_serial: one host at a time. at_once: so many hosts at a time, 0 as many as there are. is_for_cluster: it
    alters the cluster rather than its host, so --limit does not leave it out. reads: what the probe should
    carry for it, by what is wanted. autopsy: looks for the cause where it has failed.
    """

    name: str
    title: str
    run: Work
    on: Selector
    reads: Callable[[Spec], Reads]
    after: tuple[str, ...] = ()
    is_serial: bool = False
    at_once: int = 0
    is_for_cluster: bool = False
    diagnosis: Diagnosis | None = None


@dataclass(frozen=True)
class phase:  # noqa: N801 - reads as a word over a function
    """Decorator: makes a Phase of a function; name from the function, title from its docstring's first line."""

    on: Selector
    reads: Callable[[Spec], Reads] | Reads = field(default_factory=Reads)
    after: tuple[str, ...] = ()
    is_serial: bool = False
    at_once: int = 0
    is_for_cluster: bool = False
    diagnosis: Diagnosis | None = None

    def __call__(self, work: Work) -> Phase:
        """The phase of this function."""
        declared = self.reads
        return Phase(
            name=work.__name__.replace("_", "-"),
            title=(work.__doc__ or "").strip().splitlines()[0],
            run=work,
            on=self.on,
            reads=declared if callable(declared) else lambda _spec: declared,
            after=self.after,
            is_serial=self.is_serial,
            at_once=self.at_once,
            is_for_cluster=self.is_for_cluster,
            diagnosis=self.diagnosis,
        )
