"""A host that may be read. What a phase is given of the hosts that are not its own."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Sequence
from typing import TypeVar

from k8sboot.errors import CommandFailed, K8sbootError, Refused
from k8sboot.host.machine import Machine
from k8sboot.host.reads import Question
from k8sboot.host.script import FAILED
from k8sboot.host.snapshot import Answer, Facts, FileState, UnitState
from k8sboot.ssh.connection import Completed

T = TypeVar("T")

Command = Sequence[str]
"""Words of a command line; never a shell string."""


class NotYet(Exception):
    """Dry run only: what was asked cannot be known before phase `after` has really run."""

    def __init__(self, after: str) -> None:
        super().__init__(after)
        self.after = after


class Peer:
    """A host that may be read."""

    def __init__(self, machine: Machine) -> None:
        self._machine = machine
        self.name = machine.name
        self.address = machine.address
        self.role = machine.role

    @property
    def facts(self) -> Facts:
        """What the host is."""
        return self._machine.snapshot.host_facts

    @property
    def is_ahead(self) -> bool:
        """Dry run only: the host would have been altered by now, so that reads tell of the past."""
        return bool(self._machine.dry_run.planned)

    def relies_on(self, *phases: str) -> None:
        """Dry run only: NotYet when one of these phases would alter this host: what is read here tells of before."""
        for phase in phases:
            if phase in self._machine.dry_run.planned:
                raise NotYet(phase)

    def check(self, look: Callable[[], str]) -> str:
        """What look() finds wrong, '' for nothing; a dry run that plans changes here has nothing to look at yet."""
        return "" if self.is_ahead else look()

    def leaves_open(self, phase: str) -> bool:
        """Dry run only: what that phase would do here is not known, or not all of it."""
        return phase in self._machine.dry_run.left_open

    def planned_by(self, question: Question) -> str:
        """Dry run only: the phase whose planned change makes the answer to this question 'yes'; '' for none."""
        return self._machine.dry_run.settled.get(question.name, "")

    @property
    def clock_offset(self) -> float:
        """Seconds by which the host's clock is ahead of this machine's."""
        return self._machine.clock_offset

    def ask(self, command: Command, *, timeout: float = 60) -> Completed:
        """Run a command that only reads, and return how it ended, whatever its exit status."""
        return self._machine.look(shlex.join(command), timeout=timeout)

    def read(self, command: Command, *, timeout: float = 60) -> str:
        """What a command that only reads prints. CommandFailed when it ends non-zero; NotYet in a dry run."""
        return self._completed(command, timeout=timeout).text

    def look_once(self, script: str, *, timeout: float) -> str:
        """What a read-only script prints; not asked again when the connection dies under it."""
        return self._machine.run(script, timeout=timeout).text

    def _completed(self, command: Command, *, timeout: float) -> Completed:
        done = self.ask(command, timeout=timeout)
        if done.exit_status != 0:
            if self.is_ahead:
                raise NotYet(self._machine.dry_run.last)
            raise failure(f"cannot read from {self.name}", shlex.join(command), done, self.name)
        return done

    def answer(self, question: Question) -> Answer:
        """The answer to a question, out of the snapshot where a phase has declared it."""
        return self._machine.answer(question)

    def file(self, path: str) -> FileState | None:
        """A regular file's state, None when there is none."""
        return self._machine.file(path)

    def read_file(self, path: str, *, errors: str = "replace") -> str | None:
        """A file's content as text, None when there is no such file.

        errors: for bytes that are no UTF-8, as in bytes.decode; "surrogateescape" where the text goes back.
        """
        state = self.file(path)
        if state is None:
            return None
        if state.content is None:
            done = self._completed(["cat", "--", path], timeout=60)
            return done.stdout.decode("utf-8", errors)
        return state.content.decode("utf-8", errors)

    def known(self, value: T | None, *, what: str, after: str) -> T:
        """The value, where there is one. Else NotYet in a dry run in which that phase would see to it, and Refused.

        The error names this host; the one that failed is whichever needed the value.
        """
        if value is not None:
            return value
        self.relies_on(after)
        raise Refused(
            f"{self.name} does not have {what} yet",
            why=f"phase {after} makes that, and has not succeeded there",
            fix=f"run phase {after} first, or the whole `k8sboot up`",
        )

    def package(self, name: str) -> str:
        """The installed version of a package as the package manager prints it; '' when not installed."""
        return self._machine.package(name)[0]

    def package_is_held(self, name: str) -> bool:
        """The package manager keeps the package at its version."""
        return self._machine.package(name)[1]

    def unit(self, name: str) -> UnitState:
        """A systemd unit's state."""
        return self._machine.unit(name)

    def sysctl(self, key: str) -> str | None:
        """A sysctl's value with single spaces; None when this kernel has no such key."""
        return self._machine.sysctl(key)[0]

    def sysctl_is_fixed(self, key: str) -> bool:
        """The kernel lets nobody set the sysctl here, as in a container's network namespace."""
        return self._machine.sysctl(key)[1]

    def module(self, name: str) -> str:
        """'loaded' (or built in), 'available', 'missing', or 'unloadable' where a kernel has no modules."""
        return self._machine.module(name)

    @property
    def broken_packages(self) -> frozenset[str]:
        """Declared packages that an interrupted transaction left half-installed."""
        return frozenset(self._machine.snapshot.broken_packages)

    def restart_is_due(self, unit: str) -> bool:
        """The unit's configuration was written by k8sboot and the unit not restarted since."""
        return unit in self._machine.snapshot.due_restarts


def failure(what: str, command: str, done: Completed, host: str) -> K8sbootError:
    said = (done.stdout + done.stderr).decode("utf-8", "replace").splitlines()
    lines = [line for line in said if not line.startswith(FAILED)]
    error = CommandFailed(
        f"{what}: failed",
        command=command,
        exit_status=done.exit_status,
        host=host,
        detail="\n".join(lines[-25:]),
        fix=f"mend on {host} what its last words tell of, then run the same k8sboot command again",
    )
    error.output = "\n".join(lines)
    return error
