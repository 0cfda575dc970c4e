"""Puts the parts together for a command: inventory, listeners, session; and shows how it ended."""

from __future__ import annotations

import difflib
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import click

from k8sboot.audit import AuditLog
from k8sboot.cli.options import DEFAULT_INVENTORY
from k8sboot.errors import Interrupted, K8sbootError, UsageError
from k8sboot.events import Notice
from k8sboot.host import Context, Host
from k8sboot.inventory.load import Loaded, load
from k8sboot.inventory.model import HostSpec, Spec
from k8sboot.machine import Machine
from k8sboot.probe import Reads
from k8sboot.redact import Redactor
from k8sboot.secret import Secret
from k8sboot.session import Plan, Session
from k8sboot.ssh import connect
from k8sboot.ssh.connection import Connection
from k8sboot.ssh.target import Target


def said(context: click.Context, name: str, default: Any = None) -> Any:
    """What an option before or after the subcommand said."""
    return context.find_root().ensure_object(dict).get(name, default)


def read_inventory(context: click.Context) -> Loaded:
    """The inventory the command is about; its warnings go to stderr. InventoryError with every problem in it."""
    from k8sboot.inventory.report import format_problem

    path = said(context, "inventory") or os.environ.get("K8SBOOT_INVENTORY") or DEFAULT_INVENTORY
    loaded = load(path, prompt=_prompt if sys.stdin.isatty() else None)
    if not said(context, "quiet"):
        for warning in loaded.warnings:
            click.echo(format_problem(warning), err=True)
    return loaded


def _prompt(what: str) -> str:
    return str(click.prompt(what, hide_input=True, err=True))


def secret_values(spec: Spec) -> Iterable[str]:
    """Every secret of an inventory, to be masked wherever it might show."""
    for host in spec.hosts:
        for value in vars(host.ssh).values():
            if isinstance(value, Secret):
                yield value.reveal()


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
    from k8sboot.console import ConsoleListener, print_error

    redact = Redactor(secret_values(spec))
    audit = AuditLog(spec.cluster.name, redact)
    verbosity = -1 if said(context, "quiet") else said(context, "verbose", 0)
    titles = {phase.name: phase.title for phase in plan.phases}
    console = ConsoleListener(sys.stderr, redact, verbosity=verbosity, titles=titles)
    report = Session(spec, plan, open_connection, (console, audit)).run()
    audit.close()
    errors = [e for e in report.errors.values() if not isinstance(e, Interrupted)]
    for error in errors:
        print_error(sys.stderr, error, redact=redact, log=audit.path)
    if report.errors:
        context.exit(_exit_code(list(report.errors.values())))


@contextmanager
def on_first_master(context: click.Context, spec: Spec) -> Iterator[Host]:
    """The first master, connected, for commands that are one step."""
    from k8sboot.console import ConsoleListener

    redact = Redactor(secret_values(spec))
    verbosity = -1 if said(context, "quiet") else said(context, "verbose", 0)
    listener = ConsoleListener(sys.stderr, redact, verbosity=verbosity, titles={})
    first = spec.masters[0]
    phase = context.command_path.removeprefix("k8sboot ")
    connection = open_connection(
        first, lambda line: listener(Notice(host=first.name, phase=phase, code="KB-SSH-NOTE", text=line))
    )
    machine = Machine(first.name, first.address, first.role, connection, Reads())
    try:
        yield Host(machine, Context(phase=phase, emit=listener))
    finally:
        machine.close()


def _exit_code(errors: list[K8sbootError]) -> int:
    """A failed step outweighs an unreachable host, an interruption outweighs both."""
    codes = {error.exit_code for error in errors}
    return next(code for code in (130, 1, 3, *sorted(codes)) if code in codes)
