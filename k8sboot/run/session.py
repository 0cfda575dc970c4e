"""A run: its machines met, its phases walked, its listeners told, and its end where it is asked to stop."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial

from k8sboot.cluster import Cluster
from k8sboot.errors import Interrupted
from k8sboot.events import Listener, Notice, RunEnded, RunStarted, Skipped
from k8sboot.host.lease import Claim
from k8sboot.host.machine import Machine
from k8sboot.host.peer import Peer
from k8sboot.host.reads import union
from k8sboot.inventory.model import HostSpec, Spec
from k8sboot.run.connecting import CONNECT, Connect, Connections
from k8sboot.run.event_queue import EventQueue
from k8sboot.run.leases import Leases
from k8sboot.run.plan_check import obstacles
from k8sboot.run.request import RunRequest
from k8sboot.run.runner import INTERRUPTED, Report, Run
from k8sboot.run.stop import Stop


class Session:
    """One run: its threads put events into a queue, and the thread that called drains them to the listeners."""

    def __init__(
        self,
        spec: Spec,
        plan: RunRequest,
        connect: Connect,
        listeners: Sequence[Listener],
        *,
        stop: Stop | None = None,
        claim: Claim | None = None,
    ) -> None:
        """stop: by which others ask the run to end before its time. claim: under which hosts are altered."""
        self._stop = stop or Stop()
        self._is_stopping = False
        self._is_ending_jobs = False
        self._spec = spec
        self._plan = plan
        self._events = EventQueue(listeners)
        is_dry = plan.options.is_dry
        self._connections = Connections(
            connect, self._events.put, claim=None if is_dry else claim, is_dry=is_dry
        )
        self._run: Run | None = None

    def run(self) -> Report:
        """Connect, run the phases, close. Asked to stop: nothing new starts, and at the deadline it leaves."""
        started = time.monotonic()
        hosts = self._plan.hosts(self._spec)
        self._events.put(
            RunStarted(
                command=self._plan.command,
                cluster=self._spec.cluster.name,
                hosts=tuple(h.name for h in hosts),
                phases=tuple(p.name for p in self._plan.phases),
                is_dry=self._plan.options.is_dry,
                limit=tuple(sorted(self._plan.limit or ())),
            )
        )
        try:
            with Leases(self._connections.machines):
                report = self._until_left(hosts)
        finally:
            self._connections.close()
        report.errors = {**self._connections.errors, **report.errors}
        self._events.end(
            RunEnded(
                changes=report.changes,
                failed=tuple(report.errors),
                is_dry=self._plan.options.is_dry,
                seconds=time.monotonic() - started,
            )
        )
        return report

    def _until_left(self, hosts: tuple[HostSpec, ...]) -> Report:
        try:
            return self._work(hosts)
        except _Left as left:
            return self._cut_short(left.busy)

    def _work(self, hosts: tuple[HostSpec, ...]) -> Report:
        reads = union(phase.reads_for(self._spec) for phase in self._plan.phases)
        self._drain([_started(h.name, self._connections.connect, h, reads) for h in hosts])
        machines, errors = self._connections.machines, self._connections.errors
        first = self._spec.masters[0].name
        self._drain([_started(first, self._connections.acquire, first)])
        if first in errors:
            self._skip_all(f"{first} failed in {CONNECT}")
            return Report(changes=dict.fromkeys(machines, 0))
        ordered = {h.name: machines[h.name] for h in hosts if h.name in machines}
        peers = {name: Peer(machine) for name, machine in ordered.items()}
        walk = partial(self._walk, Cluster(self._spec, peers, self._plan.limit), ordered)
        if self._plan.plan_check:
            errors = errors or obstacles(self._plan.plan_check, ordered.values(), walk, self._events.put)
            if errors:
                self._drain([])
                return Report(changes=dict.fromkeys(ordered, 0), errors=errors)
        return walk(self._plan.options.is_dry, self._events.put)

    def _walk(
        self, cluster: Cluster, machines: Mapping[str, Machine], is_dry: bool, tell: Listener
    ) -> Report:
        options = replace(self._plan.options, is_dry=is_dry)
        self._run = Run(cluster, machines, self._plan.phases, options, tell)
        self._drain(self._run.start())
        return self._run.report

    def _skip_all(self, why: str) -> None:
        for phase in self._plan.phases[:1]:
            for name in (n for n in self._connections.machines if n not in self._connections.errors):
                self._events.put(Skipped(host=name, phase=phase.name, why=why))

    def _drain(self, threads: list[threading.Thread]) -> None:
        """Tell the listeners what happens until all the threads have ended. Raises _Left."""
        while any(thread.is_alive() for thread in threads) or not self._events.is_empty:
            if self._stop.name:
                self._obey([thread.name for thread in threads if thread.is_alive()])
            self._events.tell(timeout=0.1)

    def _obey(self, busy: list[str]) -> None:
        """Start nothing new; leave when the time is up, or when nothing has been started at all."""
        if busy and (self._run is None or not self._stop.grace):
            raise _Left(busy)
        if self._run is not None and not self._is_stopping:
            self._is_stopping = True
            self._run.stop(INTERRUPTED)
            grace = self._stop.grace
            self._notice_stop(
                f"{self._stop.name}: nothing new starts, and what runs is let come to its end "
                + ("(again to end the jobs on the hosts, too)" if grace == math.inf else f"for {grace:.0f} s")
            )
        if self._stop.ends_jobs and not self._is_ending_jobs:
            self._is_ending_jobs = True
            for machine in self._connections.machines.values():
                machine.end_jobs()
            self._notice_stop(
                f"{self._stop.name} again: jobs on the hosts are ended (again to leave at once)"
            )

    def _cut_short(self, busy: list[str]) -> Report:
        """What there is to report when hosts are left while they are being worked on."""
        run = self._run if self._run and self._run.is_dry == self._plan.options.is_dry else None
        report = run.report if run else Report()
        for name in busy:
            report.errors[name] = Interrupted("left while it was being worked on", host=name)
        if run:
            self._notice_stop(
                f"left while at work on {', '.join(busy[:10])}{' and others' if len(busy) > 10 else ''}: jobs "
                f"there go on by themselves, and the next `k8sboot {self._plan.command}` waits for them and "
                "continues"
            )
        return report

    def _notice_stop(self, text: str) -> None:
        self._events.put(Notice(code="KB-INTERRUPTED", text=text))


class _Left(Exception):
    """The run is left while these hosts are busy."""

    def __init__(self, busy: list[str]) -> None:
        super().__init__(busy)
        self.busy = busy


def _started(name: str, do: Callable[..., None], *words: object) -> threading.Thread:
    thread = threading.Thread(target=do, args=words, name=name, daemon=True)
    thread.start()
    return thread
