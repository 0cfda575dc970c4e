"""A host to change. `Host._alter` is the only way to change one, and it plans instead in a dry run.

While nothing changes, all that phases read of a host comes from one snapshot. After a command has changed the host,
the next read takes a new snapshot of everything the phases have declared.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from k8sboot.errors import DeadlineExceeded, NotAsWanted, Refused, StepFailed
from k8sboot.events import (
    Changed,
    Changing,
    Checked,
    Differs,
    Listener,
    Notice,
    Output,
    Unknown,
    Waiting,
    Working,
)
from k8sboot.host import folders, restart_marks
from k8sboot.host.files import File, Write
from k8sboot.host.machine import Machine
from k8sboot.host.originals import PriorState
from k8sboot.host.peer import Command, Peer, failure
from k8sboot.host.reads import Question
from k8sboot.host.reboot import REBOOT, not_back, order
from k8sboot.host.script import FAILED, Commands, which
from k8sboot.host.snapshot import unit_does
from k8sboot.secret import Secret
from k8sboot.ssh.connection import Completed, Script


@dataclass(frozen=True)
class Context:
    """The phase and run that change a host. is_dry: plan instead of changing. run: all hosts of the run.

    is_stopping: whether the run is to end, for phases that take minutes.
    """

    phase: str
    emit: Listener
    is_dry: bool = False
    run: Collection[Machine] = ()
    is_stopping: Callable[[], bool] = lambda: False


class Host(Peer):
    """A host to change: the one that the phase runs on."""

    def __init__(self, machine: Machine, context: Context) -> None:
        super().__init__(machine)
        self._context = context
        self.changes = 0

    @property
    def is_stopping(self) -> bool:
        """Whether the run is to end: nothing new should be begun."""
        return self._context.is_stopping()

    def change(
        self,
        what: str,
        *commands: Command | PriorState,
        diff: str = "",
        timeout: float = 60,
        job: bool = False,
        secrets: Mapping[str, Secret] | None = None,
        check: Callable[[], str] | None = None,
    ) -> str:
        """Run commands that change the host, in order, in one round trip; return their output.

        what: a verb and its object. A PriorState among the commands is saved on the host before the first of them.
        diff: lines 'thing: from -> to'. timeout: seconds for all commands. job: a long change, which runs on the
        host by itself and outlives the connection. secrets: files (path: content, 0600, under /run) that exist
        while the commands run. check: looks afterwards; what is wrong, '' for nothing.
        """
        script = Commands(
            tuple(tuple(c) for c in commands if not isinstance(c, PriorState)),
            tuple(c for c in commands if isinstance(c, PriorState)),
            remove=tuple(secrets or ()),
        )

        def do() -> str:
            try:
                self._lay_out(what, secrets or {})
                send = self._run_job if job else self._run_once
                done = send(what, script, timeout)
            finally:
                self._machine.forget()
            if done.exit_status != 0:
                raise failure(what, which(script.shown, done), done, self.name)
            if check and (problem := check()):
                raise had_no_effect(what, problem, self.name)
            return done.text

        return self._alter(Changed(what=what, diff=diff, commands=script.shown), do)

    def write(self, files: Sequence[File]) -> None:
        """Write files, all in one round trip. The caller has compared them; each is shown with its diff."""
        if not files:
            return

        def do() -> str:
            done = self._machine.alter(Write(tuple(files)), timeout=120)
            if done.exit_status != 0:
                self._machine.forget()
                refused = folders.refusal(done.stderr.decode("utf-8", "replace"), self.name)
                raise refused or failure(f"write {paths}", "write files", done, self.name)
            if [line[:64] for line in done.text.splitlines()] != [f.state.sha256 for f in files]:
                self._machine.forget()
                raise NotAsWanted(
                    f"write {paths}: the content on the host differs",
                    why="another process has written the file meanwhile",
                    host=self.name,
                )
            self._machine.has_written(files)
            return ""

        paths = ", ".join(f.path for f in files)
        before = [(f, self.file(f.path)) for f in files]
        diff = "".join(f.diff_from(state) for f, state in before)
        digests = tuple(change for f, state in before for change in f.change_from(state))
        change = Changed(what=f"write {paths}", diff=diff, files=digests)
        self._alter(change, do, lambda: self._machine.has_written(files))

    def restart(self, unit: str, *, timeout: float = 120) -> None:
        """Restart a unit and clear its restart mark, in one round trip."""
        self.change(
            f"restart {unit}",
            ["systemctl", "daemon-reload"],
            ["systemctl", "restart", unit],
            restart_marks.clear(unit),
            diff=unit_does(unit, f"restarts{self._to_read(unit)}", self.unit(unit)),
            timeout=timeout,
            check=lambda: not_active(self, unit),
        )

    def _to_read(self, unit: str) -> str:
        """Why a unit restarts though k8sboot has written nothing of its settings, '' for any other reason."""
        files = self.unread_settings(unit)
        verb = "were" if len(files) > 1 else "was"
        return f" to read {', '.join(files)}, which {verb} changed after it had started" if files else ""

    def reboot(self, what: str, *, timeout: float = 600) -> None:
        """Reboot the machine and wait until it answers with a new boot ID; its snapshot is discarded."""
        before = self.facts.boot_id
        self._alter(Changed(what=what, commands=(REBOOT,)), lambda: order(self._machine))
        self.wait(f"{self.name} to boot", lambda: not_back(self._machine, before), timeout=timeout)

    def wait(self, what: str, problem: Callable[[], str], *, timeout: float, pause: float = 2.0) -> None:
        """Call problem() until it returns ''. DeadlineExceeded with its last answer after timeout seconds.

        What is missing is told while it waits. A dry run looks once, and not at all where it plans changes on any
        host of the run.
        """
        if self.is_ahead or any(machine.dry_run.planned for machine in self._context.run):
            return
        deadline = time.monotonic() + timeout
        last, took = _problem(problem)
        if last and self._context.is_dry:
            self.notice("KB-NOT-READY", f"`up` would wait for {what}: {last}")
            return
        if last:
            self._emit(Waiting(what=what, timeout=timeout))
        told = ""
        while last:
            if last != told:
                self._emit(Output(line=(told := last)))
            if time.monotonic() >= deadline:
                raise DeadlineExceeded(
                    f"timed out after {timeout:.0f} s waiting for {what}",
                    why=last,
                    host=self.name,
                    fix=f"check {self.name}, then run again",
                )
            # On a slow machine, frequent looks would be half of its load.
            time.sleep(max(pause, min(took, deadline - time.monotonic())))
            self._machine.forget()
            self._forget_answers()
            last, took = _problem(problem)

    def _forget_answers(self) -> None:
        """What any host of the run has said of the cluster."""
        for machine in (self._machine, *self._context.run):
            machine.forget_answers()

    def expect(self, what: str, problem: Callable[[], str]) -> None:
        """Call problem() once; NotAsWanted with its answer. In a dry run only while nothing is planned here."""
        if found := self.check(problem):
            raise NotAsWanted(f"expected {what}", why=found, host=self.name)

    def notice(self, code: str, text: str, *, diff: str = "") -> None:
        """Inform the operator; the run continues. diff: of the file it is about."""
        self._emit(Notice(code=code, text=text, diff=diff))

    def differs(self, key: str, *, where: str, cluster: str, inventory: str, how: str) -> None:
        """Report a value of the inventory that the cluster does not have and k8sboot does not change: see Differs."""
        self._emit(Differs(key=key, where=where, cluster=cluster, inventory=inventory, how=how))

    def check_ended(self, checked: Checked) -> None:
        """Report a row of the smoke test."""
        self._emit(checked)

    def report_unknown(self, what: str, *, after: str = "") -> None:
        """Dry run only: whether this is done is known only after a phase, by default this one; the phase goes on."""
        self._machine.dry_run.leave_open(self._context.phase)
        self._emit(Unknown(what=what, after=after or self._context.phase))

    def assume(self, *questions: Question, packages: Mapping[str, str] | None = None) -> None:
        """Dry run only: the last planned change makes the answers 'yes' and installs packages at these versions."""
        if self.is_ahead:
            self._machine.dry_run.assume(self._machine.snapshot, (q.name for q in questions), packages or {})

    def _lay_out(self, what: str, secrets: Mapping[str, Secret]) -> None:
        """Write the secret files that the commands read."""
        if not secrets:
            return
        done = self._machine.alter(
            Write(tuple(File(path, secret, mode=0o600) for path, secret in secrets.items())), timeout=60
        )
        if done.exit_status != 0:
            raise failure(what, f"write {' '.join(secrets)}", done, self.name)

    def _run_once(self, _what: str, script: Script, timeout: float) -> Completed:
        return self._machine.alter(script, timeout=timeout)

    def _run_job(self, what: str, script: Script, timeout: float) -> Completed:
        self._emit(Working(what=what))
        slug = "".join(c if c.isalnum() and c.isascii() else "-" for c in what.lower())[:40].strip("-")

        def tell(line: str) -> None:
            if not line.startswith(FAILED):
                self._emit(Output(line=line))

        return self._machine.run_job(slug, script, timeout, tell)

    def _alter(
        self, change: Changed, do: Callable[[], str], or_plan: Callable[[], None] = lambda: None
    ) -> str:
        """Make a change, or plan it in a dry run. Every change to a host passes through here.

        or_plan: in a dry run, updates the snapshot as the change would.
        """
        started = time.monotonic()
        if self._context.is_dry:
            output = ""
            or_plan()
            self._machine.dry_run.planned.append(self._context.phase)
        else:
            self._emit(Changing(what=change.what, commands=change.commands))
            try:
                output = do()
            finally:
                self._forget_answers()
        self.changes += 1
        self._emit(replace(change, is_dry=self._context.is_dry, seconds=time.monotonic() - started))
        return output

    def _emit(
        self, event: Changed | Changing | Checked | Differs | Notice | Output | Unknown | Waiting | Working
    ) -> None:
        self._context.emit(replace(event, host=self.name, phase=self._context.phase))


def had_no_effect(what: str, problem: str, host: str) -> NotAsWanted:
    """The error for a change that succeeded without the expected effect."""
    return NotAsWanted(
        f"{what}: succeeded, but the host did not change as expected",
        why=problem,
        fix=f"find the cause on {host}, then run again",
        host=host,
    )


def not_active(host: Peer, unit: str) -> str:
    """Why a unit is not active, '' if it is."""
    state = host.unit(unit).active
    return "" if state == "active" else f"{unit} is {state}: see `journalctl -u {unit}`"


def _problem(ask: Callable[[], str]) -> tuple[str, float]:
    """What is still missing, and the seconds that the look took. A failing read is a problem, not an error."""
    began = time.monotonic()
    try:
        problem = ask()
    except Refused:
        raise
    except StepFailed as error:
        problem = str(error)
    return problem, time.monotonic() - began
