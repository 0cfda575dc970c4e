"""The listeners of a command's events, and of the error that ends it: the console and the journal."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import click

from k8sboot.cli.masking import redactor
from k8sboot.cli.options import option_value
from k8sboot.errors import Bug, K8sbootError
from k8sboot.events import Changed, Event, Failed, Listener, Notice, RunEnded
from k8sboot.inventory.load import Loaded
from k8sboot.inventory.model import Spec
from k8sboot.inventory.source import STDIN
from k8sboot.journal.writer import Journal
from k8sboot.run.event_queue import SyncListener


@contextmanager
def listening(context: click.Context, spec: Spec, titles: Mapping[str, str]) -> Iterator[Listeners]:
    """The listeners of a run. An unexpected exception is reported to them, too, and exits with 70."""
    listeners = Listeners(context, spec, titles)
    try:
        with listeners.console:
            yield listeners
    except K8sbootError as error:
        raise click.exceptions.Exit(listeners.abort(error)) from error
    except Exception as error:
        # click's own exceptions are exits, not bugs
        if isinstance(error, click.exceptions.Exit | click.ClickException | click.Abort | BrokenPipeError):
            raise
        raise click.exceptions.Exit(listeners.abort(Bug.of(error))) from error
    finally:
        listeners.journal.close()


class Listeners:
    """The journal, called at once, and the console, called in turn."""

    def __init__(self, context: click.Context, spec: Spec, titles: Mapping[str, str]) -> None:
        from k8sboot.console.lines import ConsoleListener

        verbosity = -1 if option_value(context, "quiet") else option_value(context, "verbose", 0)
        self._redact = redactor(spec)
        self._is_debug = verbosity >= 3
        self._trouble = ""
        self.console = ConsoleListener(sys.stderr, self._redact, verbosity=verbosity, titles=titles)
        self.journal = Journal(spec.cluster.name, self._redact, _about(context))
        self.all: tuple[Listener, ...] = (SyncListener(self.journal), self.console, self._check_journal)
        if verbosity > 0 and self.journal.path:
            self.console(Notice(code="KB-LOG", text=f"the log is {self.journal.path}"))
        self.report_trouble()

    def briefly(self) -> tuple[Listener, ...]:
        """The same, with one line for each change on the console, without its diff and commands."""

        def brief(event: Event) -> None:
            self.console(replace(event, diff="", commands=()) if isinstance(event, Changed) else event)

        return tuple(brief if each is self.console else each for each in self.all)

    def _check_journal(self, _event: Event) -> None:
        self.report_trouble()

    def report_trouble(self) -> None:
        """Report, once, that the journal is missing or incomplete."""
        if self.journal.trouble and not self._trouble:
            self._trouble = self.journal.trouble
            self.console(Notice(code="KB-LOG", text=f"the log is incomplete: {self._trouble}"))

    def abort(self, error: K8sbootError) -> int:
        """Record and show an error outside of any phase, which ends the run; the exit code."""
        self.journal(Failed(host=error.host, error=error))
        self.journal(
            RunEnded(changes={}, failed=(error.host,) if error.host else (), is_dry=False, seconds=0.0)
        )
        self.show([error])
        return error.exit_code

    def show(self, errors: Iterable[K8sbootError]) -> None:
        """Show errors in full."""
        from k8sboot.console.failures import Logs, print_errors

        logs = Logs(self.journal.path, self.journal.host_log, self.journal.evidence)
        print_errors(sys.stderr, errors, redact=self._redact, logs=logs, has_traceback=self._is_debug)

    def suggest(self, command: str) -> None:
        """Show the command to run next, if any."""
        from k8sboot.console.failures import print_next

        if command:
            print_next(sys.stderr, command)


def _about(context: click.Context) -> dict[str, object]:
    """The journal's fields about the command line and the inventory."""
    loaded: Loaded | None = option_value(context, "loaded")
    fields: dict[str, object] = {
        "words": sys.argv[1:],
        "command": context.command_path.removeprefix("k8sboot "),
    }
    if loaded is None:
        return fields
    path = loaded.path if loaded.path == STDIN else str(Path(loaded.path).absolute())
    return {**fields, "inventory": path, "sha256": loaded.sha256}
