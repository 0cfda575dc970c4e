"""Run phases on hosts: order, threads, errors.

Every host goes through the phases in its own thread, so that no host waits for another without a reason. The
reasons are a phase's `after` (those phases have ended on all hosts), its `at_once` (the number of hosts at a time)
and the number of forks. A host that fails runs no further phase; a master that fails stops the run: nothing new
starts.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial

from k8sboot.cluster import Cluster
from k8sboot.diagnosis.diagnose import FailedPhase
from k8sboot.errors import Bug, Interrupted, K8sbootError
from k8sboot.events import Event, Failed, Listener, PhaseEnded, PhaseStarted, Skipped, Unknown
from k8sboot.host.host import Context, Host
from k8sboot.host.machine import Machine
from k8sboot.host.peer import NotYet
from k8sboot.phase import Phase

INTERRUPTED = "interrupted"
"""Why the user's request stopped a run."""


@dataclass(frozen=True)
class Options:
    """forks: the number of hosts at the same time. is_dry: plan changes instead of making them."""

    forks: int = 50
    is_dry: bool = False


@dataclass
class Report:
    """How a run ended: the number of changes, and the error, by host."""

    changes: dict[str, int] = field(default_factory=dict)
    errors: dict[str, K8sbootError] = field(default_factory=dict)


@dataclass(frozen=True)
class Busy:
    """Hosts that are not ready yet. wait: waits until one is, or the second argument says that the run ends; raises."""

    hosts: frozenset[str] = frozenset()
    wait: Callable[[str, Callable[[], object]], None] = lambda _name, _is_over: None
    phase: str = ""


class Run:
    """Runs all phases on all hosts."""

    def __init__(
        self,
        cluster: Cluster,
        machines: Mapping[str, Machine],
        phases: Sequence[Phase],
        options: Options,
        emit: Listener,
        busy: Busy | None = None,
    ) -> None:
        self._cluster = cluster
        self._machines = machines
        self.is_dry = options.is_dry
        self._options = options
        self._busy = busy or Busy()
        self._not_ready = set(self._busy.hosts)
        self._emit_to = emit
        self.report = Report(changes=dict.fromkeys(machines, 0))
        self._schedule = [(p, self._hosts_of(p)) for p in phases]
        self._pending = {p.name: set(hosts) for p, hosts in self._schedule}
        self._looks_only = {p.name for p in phases if p.looks_only}
        self._succeeded = {p.name: 0 for p, _ in self._schedule}
        self._progress = threading.Condition()
        self._forks = threading.BoundedSemaphore(options.forks)
        self._turns = {p.name: threading.Semaphore(_at_once(p, len(machines))) for p, _ in self._schedule}
        self._members = threading.Lock()
        self._stop = ""

    def _hosts_of(self, phase: Phase) -> tuple[str, ...]:
        limit = None if phase.scope == "cluster" else self._cluster.limit
        names = [h.name for h in phase.on(self._cluster.spec)]
        return tuple(n for n in names if n in self._machines and (limit is None or n in limit))

    def stop(self, why: str) -> None:
        """Start nothing new; running phases finish."""
        with self._progress:
            self._stop = self._stop or why
            self._progress.notify_all()

    def walks(self) -> list[tuple[str, Callable[[], None]]]:
        """Each host's way through the phases, masters first; the caller gives each a thread."""
        return [(name, partial(self._run_phases, name)) for name in self._machines]

    def _run_phases(self, name: str) -> None:
        if not self._becomes_ready(name):
            self._end_rest(name, self._schedule)
            return
        for index, (phase, hosts) in enumerate(self._schedule):
            if name in hosts and not self._run_phase(name, phase):
                self._end_rest(name, self._schedule[index:])
                return

    def _becomes_ready(self, name: str) -> bool:
        """Wait until the host is ready; until then others do not wait for it in phases that change nothing."""
        if name not in self._not_ready or not any(name in hosts for _, hosts in self._schedule):
            return True
        try:
            self._busy.wait(name, lambda: self._stop)
        except K8sbootError as error:
            self._fail(name, self._busy.phase, error)
            return False
        except Exception as error:  # a bug must not leave other hosts waiting for this thread
            self._fail(name, self._busy.phase, Bug.of(error))
            return False
        finally:
            with self._progress:
                self._not_ready.discard(name)
                self._progress.notify_all()
        return True

    def _run_phase(self, name: str, phase: Phase) -> bool:
        """Run one phase on one host, when it is its turn. Returns whether the host may go on."""
        obstacle = self._wait_for(phase)
        if not obstacle:
            with self._turns[phase.name], self._turn_of(name, phase), self._forks:
                obstacle = self._stop
                if not obstacle:
                    return self._try(name, phase)
        self._skip(name, phase, obstacle)
        return False

    @contextmanager
    def _turn_of(self, name: str, phase: Phase) -> Iterator[None]:
        """The one turn of the run, where the phase wants it for this host. Ends the run if the host is left changed."""
        if not self._takes_turn(name, phase):
            yield
            return
        self._wait_for_masters(name)
        with self._members:
            changes = self.report.changes[name]
            yield
            if name in self.report.errors and self.report.changes[name] > changes:
                self.stop(f"{name} failed in {phase.name}")

    def _wait_for_masters(self, name: str) -> None:
        """Wait for jobs of an earlier run on other masters: etcd's quorum may not lose a second one."""
        masters = {n for n, machine in self._machines.items() if machine.role == "master" and n != name}
        with self._progress:
            self._progress.wait_for(lambda: self._stop or not self._not_ready & masters)

    def _takes_turn(self, name: str, phase: Phase) -> bool:
        try:
            return phase.turn(self._cluster.peers[name])
        except K8sbootError:  # the phase itself reports it
            return True

    def _try(self, name: str, phase: Phase) -> bool:
        """Run the phase; a failure is recorded before the next host takes its turn."""
        started = time.monotonic()
        try:
            self._work(name, phase)
        except K8sbootError as error:
            self._diagnose(name, phase, error, time.monotonic() - started)
            self._fail(name, phase.name, error)
            return False
        except Exception as error:  # a bug must not leave other hosts waiting for this thread
            self._fail(name, phase.name, Bug.of(error))
            return False
        self._end(name, phase, has_succeeded=True)
        return True

    def _diagnose(self, name: str, phase: Phase, error: K8sbootError, seconds: float) -> None:
        """Let the phase's diagnosis find the cause. If a master failed, nothing new starts meanwhile."""
        if phase.diagnosis is None or self._options.is_dry:
            return
        if self._machines[name].role == "master":
            self.stop(f"{name} failed in {phase.name}")
        host = self._cluster.peers[name]
        phase.diagnosis(FailedPhase(self._cluster, host, phase.name, seconds, self._emit), error)

    def _work(self, name: str, phase: Phase) -> None:
        machine, run = self._machines[name], tuple(self._machines.values())
        is_dry, is_stopping = self._options.is_dry, lambda: bool(self._stop)
        host = Host(machine, Context(phase.name, self._emit, is_dry, run, is_stopping))
        self._emit(PhaseStarted(host=name, phase=phase.name))
        started = time.monotonic()
        try:
            self._carry_out(phase, host)
        except NotYet as unknown:
            machine.dry_run.leave_open(phase.name)
            self._emit(Unknown(host=name, phase=phase.name, after=unknown.after))
        finally:
            self.report.changes[name] += host.changes
        self._emit(
            PhaseEnded(host=name, phase=phase.name, changes=host.changes, seconds=time.monotonic() - started)
        )

    def _carry_out(self, phase: Phase, host: Host) -> None:
        """Run the phase where it has something to do. NotYet in a dry run that plans what the phase needs."""
        if phase.does_not_apply(self._cluster.spec) or phase.unless(host):
            return
        host.relies_on(*phase.needs)
        with self._progress:
            failed = frozenset(self.report.errors)
        phase.run(replace(self._cluster, needs=phase.needs_on_first_master, failed=failed), host)

    def _wait_for(self, phase: Phase) -> str:
        """Wait until the phases before this one have ended on all hosts; why it cannot start, '' if it can."""
        with self._progress:
            before = [name for name in phase.after if name in self._pending]
            self._progress.wait_for(lambda: self._stop or not any(self._awaited(name) for name in before))
            if self._stop:
                return self._stop
            lost = [name for name in before if not self._succeeded[name] and self._started_with_hosts(name)]
            return f"{lost[0]} succeeded nowhere" if lost else ""

    def _awaited(self, phase: str) -> set[str]:
        """The hosts on which a phase must still end."""
        pending = self._pending[phase]
        return pending - self._not_ready if phase in self._looks_only else pending

    def _started_with_hosts(self, name: str) -> bool:
        return any(p.name == name and hosts for p, hosts in self._schedule)

    def _skip(self, name: str, phase: Phase, why: str) -> None:
        self._emit(Skipped(host=name, phase=phase.name, why=why))
        if why == INTERRUPTED:
            with self._progress:
                self.report.errors[name] = Interrupted(f"{phase.name} was not started", host=name)

    def _fail(self, name: str, phase: str, error: K8sbootError) -> None:
        error.host = error.host or name
        with self._progress:
            self.report.errors[name] = error
        self._emit(Failed(host=name, phase=phase, error=error))
        if self._machines[name].role == "master":
            self.stop(f"{name} failed in {phase}")

    def _end_rest(self, name: str, rest: Sequence[tuple[Phase, tuple[str, ...]]]) -> None:
        for phase, hosts in rest:
            if name in hosts:
                self._end(name, phase, has_succeeded=False)

    def _end(self, name: str, phase: Phase, *, has_succeeded: bool) -> None:
        with self._progress:
            self._pending[phase.name].discard(name)
            self._succeeded[phase.name] += has_succeeded
            self._progress.notify_all()

    def _emit(self, event: Event) -> None:
        self._emit_to(event)


def _at_once(phase: Phase, hosts: int) -> int:
    return phase.at_once or max(1, hosts)
