"""Connects listeners and session for a command, and shows the result."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path

import click

from k8sboot.cli import again, timeline
from k8sboot.cli.listeners import listening
from k8sboot.cli.options import option_value
from k8sboot.cli.signals import asking
from k8sboot.errors import Interrupted, K8sbootError
from k8sboot.events import Event, Listener, Notice, RunEnded, RunStarted
from k8sboot.host.host import Context, Host
from k8sboot.host.lease import Claim
from k8sboot.host.machine import Machine
from k8sboot.inventory.hosts import HostSpec
from k8sboot.inventory.model import Spec
from k8sboot.journal.folders import state_dir
from k8sboot.run import expiry, run_lock
from k8sboot.run.session import RunRequest, Session
from k8sboot.run.stop import Stop
from k8sboot.ssh import connect
from k8sboot.ssh.connection import Connection
from k8sboot.ssh.target import Target


def target(host: HostSpec) -> Target:
    """A host of the inventory as a target of the SSH layer."""
    return Target(name=host.name, address=host.address, **vars(host.ssh))


def open_connection(host: HostSpec, log: Callable[[str], None]) -> Connection:
    """Connect to a host of the inventory."""
    return connect(target(host), log=log)


def run(context: click.Context, spec: Spec, plan: RunRequest, *, has_timings: bool = False) -> None:
    """Execute a run, show what happens, and exit with its code. has_timings: show its critical path, too."""
    if code := carry_out(context, spec, plan, has_timings=has_timings):
        context.exit(code)


def carry_out(
    context: click.Context,
    spec: Spec,
    plan: RunRequest,
    *,
    recorder: Listener | None = None,
    has_timings: bool = False,
    also: Listener | None = None,
) -> int:
    """Execute a run and show what happens; its exit code. recorder: shows the changes itself. also: listens, too."""
    stop = Stop()
    with listening(context, spec, {phase.name: phase.title for phase in plan.phases}) as listeners:
        hearing = (recorder, *listeners.briefly()) if recorder else listeners.all
        hearing = (*hearing, also) if also else hearing
        with asking(stop) as signals, _claim(spec, plan) as claim:
            report = Session(spec, plan, open_connection, hearing, stop=stop, claim=claim).run()
        listeners.report_trouble()
    if has_timings:
        timeline.print_critical_path(listeners.journal.path)
    errors = [e for e in report.errors.values() if not isinstance(e, Interrupted)]
    listeners.show(errors)
    if errors and plan.command in again.COMMANDS:
        listeners.suggest(
            again.command_to_repeat(listeners.journal.path, inventory=option_value(context, "inventory"))
        )
    if signals.number:
        return 128 + signals.number
    return _exit_code(errors) if errors else 0


def _claim(spec: Spec, plan: RunRequest) -> AbstractContextManager[Claim | None]:
    """Runs that change hosts are exclusive; dry runs take no lock."""
    return nullcontext() if plan.options.is_dry else run_lock.taken(_lock_file(spec), plan.command)


def _lock_file(spec: Spec) -> Path | None:
    """The cluster's lock file on this machine; clusters of the same name are told apart by the first master."""
    try:
        return state_dir() / spec.cluster.name / f"lock-{spec.masters[0].address.replace('/', '-')}"
    except RuntimeError:  # no home directory
        return None


@contextmanager
def on_first_master(context: click.Context, spec: Spec) -> Iterator[Host]:
    """The first master, connected, for commands of a single step."""
    first = spec.masters[0]
    phase = context.command_path.removeprefix("k8sboot ")
    started = time.monotonic()
    with listening(context, spec, {}) as listeners:

        def tell(event: Event) -> None:
            for listener in listeners.all:
                listener(event)

        listeners.journal(
            RunStarted(command=phase, cluster=spec.cluster.name, hosts=(first.name,), phases=(), is_dry=False)
        )
        connection = open_connection(
            first, lambda line: tell(Notice(host=first.name, phase=phase, code="KB-SSH-NOTE", text=line))
        )
        machine = Machine(first.name, first.address, first.role, connection, expiry.READS)
        host = Host(machine, Context(phase=phase, emit=tell))
        try:
            expiry.refuse_expired(machine, spec)
            yield host
        finally:
            machine.close()
        took = time.monotonic() - started
        listeners.journal(RunEnded(changes={first.name: host.changes}, failed=(), is_dry=False, seconds=took))


def _exit_code(errors: list[K8sbootError]) -> int:
    """The most severe: a bug (70) over a failed step (1) over an unreachable host (3)."""
    codes = {error.exit_code for error in errors}
    return next(code for code in (70, 1, 3, *sorted(codes)) if code in codes)
