"""Puts the parts together for a command: inventory, listeners, session; and shows how it ended."""

from __future__ import annotations

import difflib
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import replace
from pathlib import Path

import click

from k8sboot import seat
from k8sboot.cli import again
from k8sboot.cli.masking import redactor
from k8sboot.cli.options import inventory_path, said
from k8sboot.cli.signals import asking
from k8sboot.errors import Bug, Interrupted, K8sbootError, UsageError
from k8sboot.events import Changed, Event, Failed, Listener, Notice, RunEnded, RunStarted
from k8sboot.host import Context, Host
from k8sboot.inventory.load import Loaded, load
from k8sboot.inventory.model import HostSpec, Spec
from k8sboot.inventory.source import STDIN
from k8sboot.journal.folders import state_dir
from k8sboot.journal.writer import Journal
from k8sboot.lock import Claim
from k8sboot.machine import Machine
from k8sboot.probe import Reads
from k8sboot.session import Plan, Session
from k8sboot.ssh import connect
from k8sboot.ssh.connection import Connection
from k8sboot.ssh.target import Target
from k8sboot.stop import Stop
from k8sboot.wire import AtOnce


def read_inventory(context: click.Context, *, has_secrets: bool = True) -> Loaded:
    """The inventory the command is about; its warnings go to stderr. InventoryError with every problem in it.

    has_secrets: False asks, runs and reads nothing for its secrets.
    """
    from k8sboot.inventory.report import format_problem

    prompt = _prompt if sys.stdin.isatty() else None
    loaded = load(inventory_path(context), prompt=prompt, resolve_secrets=has_secrets)
    context.find_root().ensure_object(dict)["loaded"] = loaded
    if not said(context, "quiet"):
        for warning in loaded.warnings:
            click.echo(format_problem(warning), err=True)
    return loaded


def _prompt(what: str) -> str:
    return str(click.prompt(what, hide_input=True, err=True))


def target(host: HostSpec) -> Target:
    """A host of the inventory in the SSH layer's terms."""
    return Target(name=host.name, address=host.address, **vars(host.ssh))


def open_connection(host: HostSpec, log: Callable[[str], None]) -> Connection:
    """Connect to a host of the inventory."""
    return connect(target(host), log=log)


def hosts_of(spec: Spec, limit: tuple[str, ...]) -> frozenset[str] | None:
    """The names that --limit means; UsageError with near names for one that is not in the inventory."""
    known = [h.name for h in spec.hosts]
    for name in limit:
        if name not in known:
            near = difflib.get_close_matches(name, known)
            raise UsageError(
                f"--limit names {name!r}, which is not in the inventory",
                fix=f"did you mean {near[0]!r}?" if near else f"its hosts are {', '.join(known)}",
            )
    return frozenset(limit) if limit else None


def run(context: click.Context, spec: Spec, plan: Plan) -> None:
    """Run a plan, tell what happens, and leave with the exit code that fits."""
    if code := carry_out(context, spec, plan):
        context.exit(code)


def carry_out(context: click.Context, spec: Spec, plan: Plan, *, recorder: Listener | None = None) -> int:
    """Run a plan and tell what happens; the exit code that fits. recorder: shows itself what the changes are."""
    stop = Stop()
    with _listeners(context, spec, {phase.name: phase.title for phase in plan.phases}) as listeners:
        told = (recorder, *listeners.briefly()) if recorder else listeners.all
        with asking(stop) as signals, _claim(spec, plan) as claim:
            report = Session(spec, plan, open_connection, told, stop=stop, claim=claim).run()
        listeners.say_trouble()
    errors = [e for e in report.errors.values() if not isinstance(e, Interrupted)]
    listeners.show(errors)
    if errors and plan.command in again.COMMANDS:
        listeners.suggest(
            again.command_to_repeat(listeners.journal.path, inventory=said(context, "inventory"))
        )
    if signals.number:
        return 128 + signals.number
    return _exit_code(errors) if errors else 0


def _claim(spec: Spec, plan: Plan) -> AbstractContextManager[Claim | None]:
    """A run that alters something is the only one; who only looks is in nobody's way."""
    return nullcontext() if plan.options.is_dry else seat.taken(_lock_file(spec), plan.command)


def _lock_file(spec: Spec) -> Path | None:
    """Of the cluster on this machine: two clusters of one name are still two."""
    try:
        return state_dir() / spec.cluster.name / f"lock-{spec.masters[0].address.replace('/', '-')}"
    except RuntimeError:  # there is no home
        return None


class _Listeners:
    """Who is told what happens: the console in turn, the journal at once."""

    def __init__(self, context: click.Context, spec: Spec, titles: Mapping[str, str]) -> None:
        from k8sboot.console import ConsoleListener

        verbosity = -1 if said(context, "quiet") else said(context, "verbose", 0)
        self._redact = redactor(spec)
        self._is_debug = verbosity >= 3
        self._trouble = ""
        self.console = ConsoleListener(sys.stderr, self._redact, verbosity=verbosity, titles=titles)
        self.journal = Journal(spec.cluster.name, self._redact, _about(context))
        self.all: tuple[Listener, ...] = (AtOnce(self.journal), self.console, self._mind)
        if verbosity > 0 and self.journal.path:
            self.console(Notice(code="KB-LOG", text=f"the log is {self.journal.path}"))
        self.say_trouble()

    def briefly(self) -> tuple[Listener, ...]:
        """The same, with changes as a line each on the console: what they are is seen elsewhere."""

        def brief(event: Event) -> None:
            self.console(replace(event, diff="", commands=()) if isinstance(event, Changed) else event)

        return tuple(brief if each is self.console else each for each in self.all)

    def _mind(self, _event: Event) -> None:
        self.say_trouble()

    def say_trouble(self) -> None:
        """Say, once, when there is no journal, or not all of it."""
        if self.journal.trouble and not self._trouble:
            self._trouble = self.journal.trouble
            self.console(Notice(code="KB-LOG", text=f"the log is not complete: {self._trouble}"))

    def lost(self, error: K8sbootError) -> int:
        """The run is over with an error that no phase has met: it is written down and shown; the exit code."""
        self.journal(Failed(host=error.host, error=error))
        self.journal(
            RunEnded(changes={}, failed=(error.host,) if error.host else (), is_dry=False, seconds=0.0)
        )
        self.show([error])
        return error.exit_code

    def show(self, errors: Iterable[K8sbootError]) -> None:
        """Show errors in full."""
        from k8sboot.console import Logs, print_errors

        logs = Logs(self.journal.path, self.journal.host_log, self.journal.evidence)
        print_errors(sys.stderr, errors, redact=self._redact, logs=logs, has_traceback=self._is_debug)

    def suggest(self, command: str) -> None:
        """Show the command that comes next, where there is one."""
        from k8sboot.console import print_next

        if command:
            print_next(sys.stderr, command)


def _about(context: click.Context) -> dict[str, object]:
    """What the journal says of the command beside who ran it."""
    loaded: Loaded | None = said(context, "loaded")
    told: dict[str, object] = {
        "words": sys.argv[1:],
        "command": context.command_path.removeprefix("k8sboot "),
    }
    if loaded is None:
        return told
    path = loaded.path if loaded.path == STDIN else str(Path(loaded.path).absolute())
    return {**told, "inventory": path, "sha256": loaded.sha256}


@contextmanager
def _listeners(context: click.Context, spec: Spec, titles: Mapping[str, str]) -> Iterator[_Listeners]:
    """The listeners of a run. What nobody foresaw is told to them too, and ends the program with 70."""
    listeners = _Listeners(context, spec, titles)
    try:
        with listeners.console:
            yield listeners
    except K8sbootError as error:
        raise click.exceptions.Exit(listeners.lost(error)) from error
    except Exception as error:
        # click's own exceptions are ways to leave, not mistakes
        if isinstance(error, click.exceptions.Exit | click.ClickException | click.Abort | BrokenPipeError):
            raise
        raise click.exceptions.Exit(listeners.lost(Bug.of(error))) from error
    finally:
        listeners.journal.close()


@contextmanager
def on_first_master(context: click.Context, spec: Spec) -> Iterator[Host]:
    """The first master, connected, for commands that are one step."""
    first = spec.masters[0]
    phase = context.command_path.removeprefix("k8sboot ")
    started = time.monotonic()
    with _listeners(context, spec, {}) as listeners:

        def tell(event: Event) -> None:
            for listener in listeners.all:
                listener(event)

        listeners.journal(
            RunStarted(command=phase, cluster=spec.cluster.name, hosts=(first.name,), phases=(), is_dry=False)
        )
        connection = open_connection(
            first, lambda line: tell(Notice(host=first.name, phase=phase, code="KB-SSH-NOTE", text=line))
        )
        machine = Machine(first.name, first.address, first.role, connection, Reads())
        host = Host(machine, Context(phase=phase, emit=tell))
        try:
            yield host
        finally:
            machine.close()
        took = time.monotonic() - started
        listeners.journal(RunEnded(changes={first.name: host.changes}, failed=(), is_dry=False, seconds=took))


def _exit_code(errors: list[K8sbootError]) -> int:
    """A mistake of ours outweighs a failed step, and that an unreachable host."""
    codes = {error.exit_code for error in errors}
    return next(code for code in (70, 1, 3, *sorted(codes)) if code in codes)
