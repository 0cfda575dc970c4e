"""Whole runs on fake hosts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from fake_cluster import FakeCluster

from k8sboot.errors import K8sbootError
from k8sboot.events import Changed, Event, Notice, PhaseEnded, Skipped, Unknown
from k8sboot.host.lease import Claim
from k8sboot.inventory.hosts import HostSpec
from k8sboot.phase import Phase
from k8sboot.run.event_queue import SyncListener
from k8sboot.run.runner import Options, Report
from k8sboot.run.session import RunRequest, Session
from k8sboot.run.stop import Stop
from k8sboot.ssh.connection import Connection

ME = Claim("run1", "test by me, pid 1", "seat1")


@dataclass
class Told:
    """A run's report and what was told meanwhile."""

    report: Report
    events: list[Event]

    @property
    def changes(self) -> dict[str, list[str]]:
        """By host."""
        found: dict[str, list[str]] = {}
        for event in self.events:
            if isinstance(event, Changed):
                found.setdefault(event.host, []).append(event.what)
        return found

    def of(self, kind: type[Event]) -> list[Event]:
        return [event for event in self.events if isinstance(event, kind)]

    @property
    def unknown(self) -> list[str]:
        return [f"{e.host} {e.phase}" for e in self.events if isinstance(e, Unknown)]

    @property
    def skipped(self) -> list[str]:
        return [f"{e.host} {e.phase}: {e.why}" for e in self.events if isinstance(e, Skipped)]

    @property
    def ended(self) -> list[str]:
        return [f"{e.host} {e.phase}" for e in self.events if isinstance(e, PhaseEnded)]

    @property
    def codes(self) -> list[str]:
        return [e.code for e in self.events if isinstance(e, Notice)]

    @property
    def errors(self) -> dict[str, str]:
        return {name: error.error_code for name, error in self.report.errors.items()}


def run(
    cluster: FakeCluster,
    phases: Sequence[Phase],
    *,
    is_dry: bool = False,
    limit: Sequence[str] | None = None,
    forks: int = 50,
    dead: dict[str, Exception] | None = None,
    listener: Callable[[Event], None] = lambda _event: None,
    stop: Stop | None = None,
    claim: Claim = ME,
    witness: Callable[[Event], None] = lambda _event: None,
    foreign: str = "",
) -> Told:
    """A session as the command line makes it. dead: hosts whose connection fails, and how."""
    events: list[Event] = []

    def connect(host: HostSpec, note: Callable[[str], None]) -> Connection:
        if dead and host.name in dead:
            raise dead[host.name]
        connection = cluster.hosts[host.name]
        connection.is_closed = False
        connection.clear()
        return connection

    plan = RunRequest(
        "test",
        tuple(phases),
        frozenset(limit) if limit else None,
        Options(forks=forks, is_dry=is_dry),
        foreign=foreign,
    )
    listeners = (SyncListener(witness), events.append, listener)
    session = Session(cluster.spec, plan, connect, listeners, stop=stop, claim=claim)
    report = session.run()
    for name, host in cluster.hosts.items():
        assert not host.unknown, f"{name}: {host.unknown}"
        assert host.is_closed or not host.runs, f"{name} is still connected"
    return Told(report, events)


def raise_errors(told: Told) -> Told:
    """The first error of a run that should have none."""
    for error in told.report.errors.values():
        assert isinstance(error, K8sbootError)
        raise error
    return told


def mutations(cluster: FakeCluster) -> dict[str, list[str]]:
    """What altered the hosts since they were connected to."""
    return {name: host.mutations for name, host in cluster.hosts.items() if host.mutations}
