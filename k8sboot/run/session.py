"""A run: connect to the hosts, run the phases, inform the listeners, and stop when asked to."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

from k8sboot.cluster import Cluster, node_addresses
from k8sboot.desired.downloads import DOWNLOADS_BY
from k8sboot.errors import Interrupted
from k8sboot.events import Listener, Notice, RunEnded, RunStarted, Skipped
from k8sboot.host.lease import Claim
from k8sboot.host.machine import Machine
from k8sboot.host.peer import Peer
from k8sboot.host.reads import union
from k8sboot.inventory.build import with_node_addresses
from k8sboot.inventory.hosts import HostSpec
from k8sboot.inventory.model import Spec
from k8sboot.membership.reading import READS
from k8sboot.phase import Phase
from k8sboot.run import expiry
from k8sboot.run.connecting import CONNECT, CONNECTING, Connect, Connections
from k8sboot.run.event_queue import EventQueue
from k8sboot.run.gate import PHASE as MEMBERSHIP
from k8sboot.run.gate import Gate
from k8sboot.run.keeping import READS as KEPT
from k8sboot.run.keeping import Keeping
from k8sboot.run.leases import Leases
from k8sboot.run.plan_check import PlanCheck, obstacles
from k8sboot.run.runner import INTERRUPTED, Busy, Options, Report, Run
from k8sboot.run.stop import Stop
from k8sboot.run.worker import Worker

TICK = 0.1
"""Seconds between two looks at whether the run is asked to stop."""


@dataclass(frozen=True)
class RunRequest:
    """What a run is asked to do. limit: the names of its hosts, None for all.

    plan_check: decides after a dry run whether the real one may begin. needs_certificates: a host whose certificates
    have expired is refused. foreign: the CA of another cluster, whose machines this run is for, and no others.
    """

    command: str
    phases: tuple[Phase, ...]
    limit: frozenset[str] | None = None
    options: Options = Options()
    plan_check: PlanCheck | None = None
    needs_certificates: bool = True
    foreign: str = ""

    @property
    def removes(self) -> bool:
        """Whether it takes Kubernetes off machines."""
        return any(phase.removes for phase in self.phases)

    def hosts(self, spec: Spec) -> tuple[HostSpec, ...]:
        """The hosts to connect to: those of the limit, and the first master, which answers for the cluster."""
        first = "" if self.foreign else spec.masters[0].name
        return tuple(h for h in spec.hosts if self.limit is None or h.name in self.limit or h.name == first)


class Session:
    """One run. Its threads put events into a queue; the calling thread passes them to the listeners."""

    def __init__(
        self,
        spec: Spec,
        request: RunRequest,
        connect: Connect,
        listeners: Sequence[Listener],
        *,
        stop: Stop | None = None,
        claim: Claim | None = None,
    ) -> None:
        """stop: asks the run to end early. claim: the run's identity in the locks of the hosts."""
        self._stop = stop or Stop()
        self._is_stopping = False
        self._is_ending_jobs = False
        self._spec = spec
        self._request = request
        self._events = EventQueue(listeners)
        is_dry = request.options.is_dry
        self._connections = Connections(
            connect,
            self._events.put,
            first_master=spec.masters[0],
            claim=None if is_dry else claim,
            is_dry=is_dry,
            check=self._check,
        )
        self._gate: Gate | None = None
        self._run: Run | None = None

    def run(self) -> Report:
        """Connect, run the phases, close. When asked to stop, start nothing new, and leave at the deadline."""
        started = time.monotonic()
        hosts = self._request.hosts(self._spec)
        self._events.put(
            RunStarted(
                command=self._request.command,
                cluster=self._spec.cluster.name,
                hosts=tuple(h.name for h in hosts),
                phases=tuple(p.name for p in self._request.phases),
                is_dry=self._request.options.is_dry,
                limit=tuple(sorted(self._request.limit or ())),
                barriers=tuple(p.barrier for p in self._request.phases),
                forks=self._request.options.forks,
            )
        )
        try:
            with Leases(self._connections.machines):
                report = self._run_or_leave(hosts)
        finally:
            self._connections.close()
        report.errors = {**self._connections.errors, **report.errors}
        self._events.end(
            RunEnded(
                changes=report.changes,
                failed=tuple(report.errors),
                is_dry=self._request.options.is_dry,
                seconds=time.monotonic() - started,
            )
        )
        return report

    def _check(self, machine: Machine) -> None:
        if self._spec.proxy.urls:
            machine.downloads_by, machine.proxies = DOWNLOADS_BY, self._spec.proxy.urls
        if self._request.needs_certificates:
            expiry.refuse_expired(machine, self._spec)

    def _run_or_leave(self, hosts: tuple[HostSpec, ...]) -> Report:
        try:
            return self._work(hosts)
        except _Left as left:
            return self._cut_short(left.busy)

    def _work(self, hosts: tuple[HostSpec, ...]) -> Report:
        declared = (phase.reads_for(self._spec) for phase in self._request.phases)
        reads = union((*declared, READS, expiry.READS, CONNECTING, KEPT))
        first = self._spec.masters[0].name
        of = {h.name: reads if h.name == first else replace(reads, cluster=()) for h in hosts}
        self._drain([self._worker(h.name, partial(self._connections.connect, h, of[h.name])) for h in hosts])
        machines, errors = self._connections.machines, self._connections.errors
        self._wait_for_jobs(first)
        gate = self._gate = self._new_gate()
        if first not in errors:
            self._drain([self._worker(first, partial(gate.look, dict(machines)))])
            self._connections.refuse(gate.unread, phase=MEMBERSHIP)
        if first not in errors and not gate.stops:
            self._drain([self._worker(first, partial(self._connections.acquire, first))])
        if first in errors or gate.stops:
            self._connections.refuse(gate.stops, phase=MEMBERSHIP)
            stopper = first if first in errors else next(iter(gate.stops))
            self._skip_all(f"{stopper} failed in {MEMBERSHIP if stopper in gate.errors else CONNECT}")
            self._drain([])
            return Report(changes=dict.fromkeys(machines, 0))
        ordered = {h.name: machines[h.name] for h in hosts if h.name in machines}
        peers = {name: Peer(machine) for name, machine in ordered.items()}
        spec = self._spec
        if first in peers:
            spec = self._kept(with_node_addresses(spec, node_addresses(spec, peers)), machines[first])
        run_phases = partial(self._run_phases, Cluster(spec, peers, gate.limit), ordered)
        if self._request.plan_check:
            errors = errors or obstacles(
                self._request.plan_check, ordered.values(), run_phases, self._events.put
            )
            if errors:
                self._drain([])
                return Report(changes=dict.fromkeys(ordered, 0), errors=errors)
        return run_phases(self._request.options.is_dry, self._events.put)

    def _kept(self, spec: Spec, first_master: Machine) -> Spec:
        """spec; while the cluster is not to be removed, with what the cluster has where the inventory sets nothing."""
        kept = Keeping(spec, self._events.put)
        if self._request.command != "reset":
            self._drain([self._worker(first_master.name, partial(kept.look, first_master))])
        if kept.bug:
            raise kept.bug
        return kept.spec

    def _wait_for_jobs(self, first: str) -> None:
        """Wait for jobs of an earlier run: on the first master, which stands for the cluster, and before a plan on all.

        Any other host is waited for in its own walk, while the others go on.
        """
        connections = self._connections
        hosts = connections.busy if self._request.plan_check else connections.busy & {first}
        self._drain([self._worker(name, partial(connections.wait_for_jobs, name)) for name in sorted(hosts)])

    def _let_jobs_end(self, name: str, is_over: Callable[[], object]) -> None:
        self._connections.let_jobs_end(name, is_over)
        if self._gate and not is_over():
            self._gate.look_again(self._connections.machines[name])

    def _new_gate(self) -> Gate:
        request = self._request
        return Gate(
            self._spec, self._events.put, limit=request.limit, foreign=request.foreign, removes=request.removes,
            is_dry=request.options.is_dry,
        )  # fmt: skip

    def _run_phases(
        self, cluster: Cluster, machines: Mapping[str, Machine], is_dry: bool, tell: Listener
    ) -> Report:
        options = replace(self._request.options, is_dry=is_dry)
        busy = Busy(frozenset(self._connections.busy), self._let_jobs_end, phase=CONNECT)
        self._run = Run(cluster, machines, self._request.phases, options, tell, busy)
        self._drain([self._worker(name, work) for name, work in self._run.walks()])
        return self._run.report

    def _skip_all(self, why: str) -> None:
        for phase in self._request.phases[:1]:
            for name in (n for n in self._connections.machines if n not in self._connections.errors):
                self._events.put(Skipped(host=name, phase=phase.name, why=why))

    def _worker(self, name: str, work: Callable[[], None]) -> Worker:
        return Worker(name, work, self._events.wake)

    def _drain(self, workers: list[Worker]) -> None:
        """Pass events to the listeners until all workers have ended. Raises _Left."""
        while any(worker.is_busy for worker in workers) or not self._events.is_empty:
            if self._stop.name:
                self._stop_as_asked([worker.name for worker in workers if worker.is_busy])
            self._events.tell(timeout=TICK)

    def _stop_as_asked(self, busy: list[str]) -> None:
        """Start nothing new. Raises _Left at the deadline, or if no phase has started yet, or in a dry run."""
        if busy and (self._run is None or self._request.options.is_dry or not self._stop.grace):
            raise _Left(busy)
        if self._run is not None and not self._is_stopping:
            self._is_stopping = True
            self._run.stop(INTERRUPTED)
            grace = self._stop.grace
            self._notice_stop(
                f"{self._stop.name}: nothing new starts; running phases may finish "
                + ("(again to end the jobs on the hosts)" if grace == math.inf else f"within {grace:.0f} s")
            )
        if self._stop.ends_jobs and not self._is_ending_jobs:
            self._is_ending_jobs = True
            for machine in self._connections.machines.values():
                machine.end_jobs()
            self._notice_stop(f"{self._stop.name} again: jobs on the hosts are ended (again to exit at once)")

    def _cut_short(self, busy: list[str]) -> Report:
        """The report of a run that leaves busy hosts."""
        run = self._run if self._run and self._run.is_dry == self._request.options.is_dry else None
        report = run.report if run else Report()
        for name in busy:
            report.errors[name] = Interrupted("interrupted during a phase", host=name)
        if run and self._request.options.is_dry:
            self._notice_stop(f"interrupted on {', '.join(busy[:10])}: a dry run changes nothing")
        elif run:
            self._notice_stop(
                f"interrupted on {', '.join(busy[:10])}{' and others' if len(busy) > 10 else ''}: jobs there go on by "
                f"themselves; the next `k8sboot {self._request.command}` waits for them and continues"
            )
        return report

    def _notice_stop(self, text: str) -> None:
        self._events.put(Notice(code="KB-INTERRUPTED", text=text))


class _Left(Exception):
    """The run ends while these hosts are busy."""

    def __init__(self, busy: list[str]) -> None:
        super().__init__(busy)
        self.busy = busy
