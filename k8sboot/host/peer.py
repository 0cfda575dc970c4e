"""A host to read from: what a phase gets of the hosts other than its own."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Sequence
from typing import TypeVar

from k8sboot.errors import CommandFailed, K8sbootError, Refused
from k8sboot.host.machine import Machine
from k8sboot.host.node_address import NodeAddress
from k8sboot.host.reads import Question
from k8sboot.host.script import FAILED, Read
from k8sboot.host.snapshot import Answer, Facts, FileState, UnitState
from k8sboot.host.unread_settings import unread
from k8sboot.ssh.connection import Completed, Script

T = TypeVar("T")

LARGEST_FILE = 4 * 1024 * 1024
"""Bytes; what an answer may have at most is more."""
Command = Sequence[str]
"""The words of a command line; never a shell string."""


class NotYet(Exception):
    """Dry run only: the answer is known only after phase `after` has run."""

    def __init__(self, after: str) -> None:
        super().__init__(after)
        self.after = after


class Peer:
    """A host to read from."""

    def __init__(self, machine: Machine) -> None:
        self._machine = machine
        self.name = machine.name
        self.address = machine.address
        self.role = machine.role

    @property
    def facts(self) -> Facts:
        """The host's facts."""
        return self._machine.snapshot.host_facts

    @property
    def node(self) -> NodeAddress:
        """The host's address in the cluster, and how it was found."""
        return self._machine.node

    @property
    def node_address(self) -> str:
        """The host's IP address in the cluster. Refused if it is unknown, or not the host's own."""
        return self.node.usable(self.name)

    @property
    def is_ahead(self) -> bool:
        """Dry run only: changes to this host are planned, so that reads show a state from before them."""
        return bool(self._machine.dry_run.planned)

    def relies_on(self, *phases: str) -> None:
        """Dry run only: NotYet if one of these phases plans changes here: reads show the state before them."""
        for phase in phases:
            if self.plans(phase):
                raise NotYet(phase)

    def plans(self, phase: str) -> bool:
        """Dry run only: the phase would, or might, change this host."""
        return phase in self._machine.dry_run.planned

    def check(self, look: Callable[[], str]) -> str:
        """What look() finds wrong, '' for nothing; a dry run that plans changes here has nothing to look at yet."""
        return "" if self.is_ahead else look()

    def leaves_open(self, phase: str) -> bool:
        """Dry run only: not everything that the phase would do here is known."""
        return phase in self._machine.dry_run.left_open

    def planned_by(self, question: Question) -> str:
        """Dry run only: the phase whose planned change makes the answer to this question 'yes'; '' for none."""
        return self._machine.dry_run.settled.get(question.name, "")

    @property
    def clock_offset(self) -> float:
        """Seconds by which the host's clock is ahead of this machine's."""
        return self._machine.clock_offset

    def downloads(self, command: Command) -> Command:
        """A command that downloads from outside the cluster, through the inventory's proxy if there is one."""
        return (*self._machine.downloads_by, *command) if self._machine.downloads_by else command

    @property
    def proxies(self) -> tuple[str, ...]:
        """The inventory's proxies for downloads, as URLs without a login."""
        return self._machine.proxies

    def ask(self, command: Command, *, timeout: float = 60) -> Completed:
        """Run a read-only command and return its result, whatever its exit status."""
        return self._machine.look(Read(tuple(command)), timeout=timeout)

    def ask_once(self, command: Command, *, timeout: float = 60) -> Completed:
        """The same, run once while nothing changes on the run's hosts; a failure is not remembered."""
        return self._machine.look_once(Read(tuple(command)), timeout=timeout)

    def read(self, command: Command, *, timeout: float = 60) -> str:
        """The output of a read-only command. CommandFailed if its exit status is not 0; NotYet in a dry run."""
        return self._completed(command, self.ask(command, timeout=timeout)).text

    def read_once(self, command: Command, *, timeout: float = 60) -> str:
        """The same as ask_once. While a wait goes on, every look is a new one."""
        return self._completed(command, self.ask_once(command, timeout=timeout)).text

    def look_once(self, script: Script, *, timeout: float) -> str:
        """The output of a read-only script, which is not retried when the connection is lost."""
        return self._machine.run(script, timeout=timeout).text

    def _completed(self, command: Command, done: Completed) -> Completed:
        if done.exit_status != 0:
            if self.is_ahead:
                raise NotYet(self._machine.dry_run.last)
            raise failure(f"cannot read from {self.name}", shlex.join(command), done, self.name)
        return done

    def answer(self, question: Question) -> Answer:
        """The answer to a question, from the snapshot where a phase has declared it."""
        return self._machine.answer(question)

    def file(self, path: str) -> FileState | None:
        """The state of a regular file, None if there is none."""
        return self._machine.file(path)

    def is_unreadable(self, path: str) -> bool:
        """Whether file() raises: it is no regular file, or its owner's to read and that user cannot."""
        return self._machine.is_unreadable(path)

    def read_file(self, path: str, *, errors: str = "replace") -> str | None:
        """The content of a file as text, None if there is none.

        errors: for bytes that are not UTF-8, as in bytes.decode; "surrogateescape" for text that is written back.
        """
        state = self.file(path)
        if state is None:
            return None
        if state.content is not None:
            return state.content.decode("utf-8", errors)
        content = b"" if state.size > LARGEST_FILE else self._content(path)
        if state.size > LARGEST_FILE or len(content) > LARGEST_FILE:
            raise Refused(
                f"{path} is larger than {LARGEST_FILE >> 20} MiB",
                why="k8sboot reads no larger files of a host",
                fix=f"check {path} on {self.name}: no program writes that much into it",
                host=self.name,
            )
        return content.decode("utf-8", errors)

    def _content(self, path: str) -> bytes:
        command = ["cat", "--", path]
        return self._completed(command, self.ask(command)).stdout

    def known(self, value: T | None, *, what: str, after: str) -> T:
        """The value if not None; otherwise NotYet in a dry run in which phase `after` plans changes, else Refused.

        The error names this host, though the host that needs the value is the one that fails.
        """
        if value is not None:
            return value
        self.relies_on(after)
        raise Refused(
            f"{self.name} does not have {what} yet",
            why=f"phase {after} creates it and has not succeeded there",
            fix=f"run phase {after} first, or the whole `k8sboot up`",
        )

    def package(self, name: str) -> str:
        """The installed version of a package as the package manager prints it; '' if not installed."""
        return self._machine.package(name)[0]

    def package_is_held(self, name: str) -> bool:
        """The package manager holds the package at its version."""
        return self._machine.package(name)[1]

    def unit(self, name: str) -> UnitState:
        """A systemd unit's state."""
        return self._machine.unit(name)

    def sysctl(self, key: str) -> str | None:
        """A sysctl's value with single spaces; None if this kernel has no such key."""
        return self._machine.sysctl(key)[0]

    def sysctl_is_fixed(self, key: str) -> bool:
        """The sysctl is read-only here, as in a container's network namespace."""
        return self._machine.sysctl(key)[1]

    def module(self, name: str) -> str:
        """'loaded' (or built in), 'available', 'missing', or 'unloadable' where a kernel has no modules."""
        return self._machine.module(name)

    def restart_is_due(self, unit: str) -> bool:
        """The unit's configuration was written, by k8sboot or by hand, and the unit has not been restarted since."""
        return unit in self._machine.snapshot.due_restarts or self.unread_settings(unit) != ()

    def unread_settings(self, unit: str) -> tuple[str, ...]:
        """Files of the unit that were edited by hand since it started: it runs without that."""
        return unread(self._machine.snapshot.answers, unit)


def failure(what: str, command: str, done: Completed, host: str) -> K8sbootError:
    """The error for a command that exited with another status than 0, with its last lines."""
    output = (done.stdout + done.stderr).decode("utf-8", "replace").splitlines()
    lines = [line for line in output if not line.startswith(FAILED)]
    fix = f"fix the error shown above on {host}"
    if done.exit_status == -1:
        fix = f"look for what killed it on {host} (`dmesg`, `journalctl -n 100`)"
    error = CommandFailed(
        f"{what}: failed",
        command=command,
        exit_status=done.exit_status,
        host=host,
        detail="\n".join(lines[-25:]),
        fix=f"{fix}, then run the same k8sboot command again",
    )
    error.output = "\n".join(lines)
    return error
