"""One machine's connection and its last snapshot; shared by every Peer and Host of it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Literal

from k8sboot.errors import ConnectError, ConnectionLost, Locked, StepFailed, Unreachable
from k8sboot.host import folders, lease, once
from k8sboot.host.dry_run import DryRun
from k8sboot.host.files import File
from k8sboot.host.node_address import NodeAddress
from k8sboot.host.probe import Probe
from k8sboot.host.probe_output import parse
from k8sboot.host.reads import Question, Reads, union
from k8sboot.host.remembered import Remembered
from k8sboot.host.retry import Retrier
from k8sboot.host.snapshot import Answer, FileState, Snapshot, UnitState, offset
from k8sboot.paths import LOCK, RUN_DIR
from k8sboot.ssh.connection import Completed, Connection, Script, not_understood
from k8sboot.text.numbers import whole

PROBE_TIMEOUT = 300.0
"""Seconds. A probe takes tenths of one; slow disks, loaded hosts and emulated ones need more."""
HOLD_TIMEOUT = 40.0
RECALL_WAIT = 5.0


class Machine:
    """Connection and snapshot of one host. foresight: what a dry run has planned there.

    node: its address in the cluster.
    claim: set, the host is altered only while no other run holds it, see k8sboot.lock. proxies: what downloads go
    through; downloads_by: words before a command that downloads, which make it so.
    """

    def __init__(
        self,
        name: str,
        address: str,
        role: Literal["master", "node"],
        connection: Connection,
        reads: Reads,
        *,
        note: Callable[[str], None] = lambda _: None,
    ) -> None:
        """note: receives a line for the user each time that a read is retried because the connection dropped."""
        self.name = name
        self.address = address
        self.node = NodeAddress(address)
        self.role = role
        self.dry_run = DryRun()
        self.clock_offset = 0.0
        self.claim: lease.Claim | None = None
        self.downloads_by: tuple[str, ...] = ()
        self.proxies: tuple[str, ...] = ()
        self._held_until = 0.0
        self._has_job = False
        self._boot_id = ""
        self._connection = connection
        self._retrier = Retrier(note)
        self._reads = reads
        self._snapshot: Snapshot | None = None
        self._asked: dict[str, str] = {}
        """The script of each question that was asked last, by its name."""
        self._remembered = Remembered(self.look, reads.cluster)
        self._lock = threading.RLock()

    def run(self, script: Script, *, timeout: float) -> Completed:
        """Run a short script as root."""
        return self._connection.run(script, timeout=timeout)

    def look(self, script: Script, *, timeout: float) -> Completed:
        """Run a short script that only reads; retried if the connection drops during it."""
        return self._retrier.retry(lambda: self.run(script, timeout=timeout))

    def look_once(self, script: Script, *, timeout: float) -> Completed:
        """The same, whose success is remembered until a host of the run is changed."""
        return self._remembered.look(script, timeout=timeout)

    def alter(self, script: Script, *, timeout: float) -> Completed:
        """Run a short script that changes the host exactly once, however often the connection drops during it.

        Raises Locked, with nothing run, if another run holds the host; ConnectionLost if the host stays
        unreachable, or rebooted, so that the result is unknown.
        """
        name = once.new_id()
        change: Script = once.Once(script, name)
        if self.claim is not None:
            change = lease.Held(change, self.claim, timeout)
        try:
            done = self.run(change, timeout=timeout)
        except (ConnectionLost, Unreachable) as lost:
            done = self._recalled(name, lost, timeout) or self.alter(script, timeout=timeout)
        return self._acquired(done)

    def _acquired(self, done: Completed) -> Completed:
        """The result of a script that acquires the host first. Raises Locked if it was refused."""
        if done.exit_status == lease.REFUSED and lease.REFUSAL.encode() in done.stderr:
            raise lease.refusal(done.stderr.decode("utf-8", "replace"), self.name)
        self._held_until = time.monotonic() + lease.LEASE
        return done

    def _recalled(self, name: str, lost: ConnectError, timeout: float) -> Completed | None:
        """The result of the change during which the connection was lost; None if it never began, and never will."""
        deadline = time.monotonic() + timeout
        while True:
            done = self.look(once.Recall(name, RECALL_WAIT), timeout=60)
            outcome = self._outcome(done)
            if self._boot_id not in ("", outcome.boot_id):
                raise ConnectionLost(
                    lost.what,
                    why="the machine rebooted during it",
                    fix="run the same k8sboot command again: it checks the host and continues from there",
                    host=self.name,
                )
            if outcome.state == once.NEVER:
                return None
            if outcome.state == once.ENDED:
                return Completed(outcome.exit_status, outcome.stdout, done.stderr)
            if time.monotonic() > deadline:
                raise lost

    def _outcome(self, done: Completed) -> once.Outcome:
        try:
            return once.parse_outcome(done.stdout)
        except ValueError:
            raise not_understood("the state of a change", self.name) from None

    def run_job(
        self, name: str, script: Script, timeout: float, on_output: Callable[[str], None]
    ) -> Completed:
        """Run a long script that changes the host and outlives the connection; from then on it holds the host."""
        self.acquire()
        self._has_job = True
        try:
            return self._connection.run_job(name, script, timeout=timeout, on_output=on_output)
        finally:
            self._has_job = False

    def acquire(self) -> None:
        """Acquire the host for this run, or renew its lease. Raises Locked, or StepFailed without space for a lock."""
        if self.claim is not None:
            done = self._acquired(self.look(lease.take(self.claim), timeout=HOLD_TIMEOUT))
            if done.exit_status != 0:
                raise StepFailed(
                    f"cannot write the lock {LOCK}",
                    why=f"the script exited with status {done.exit_status}; without a lock two runs could "
                    "change the host at once",
                    fix=f"free space in {RUN_DIR} (`df -h /run; df -i /run`), then run again",
                    host=self.name,
                    detail=done.stderr.decode("utf-8", "replace")[-2000:],
                )

    def renew(self) -> None:
        """Renew the lease of a host that was changed before and is idle; a job holds it by itself."""
        is_due = 0 < self._held_until < time.monotonic() + lease.LEASE - lease.RENEW
        if self.claim and is_due and not self._has_job:
            with suppress(ConnectError, StepFailed, Locked):  # the next change will tell
                self._acquired(self.run(lease.take(self.claim), timeout=HOLD_TIMEOUT))

    def release(self) -> None:
        """Release the lease; if that fails, it expires."""
        if self.claim is not None and self._held_until > 0:
            self._held_until = 0.0
            with suppress(ConnectError, StepFailed):
                self.run(lease.Release(self.claim), timeout=HOLD_TIMEOUT)

    def end_jobs(self) -> None:
        """Stop the job that runs there, if any; its follower gets Interrupted."""
        self._connection.end_jobs()

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def forget(self) -> None:
        """The host was changed: discard the snapshot."""
        with self._lock:
            self._snapshot = None
        self.forget_answers()

    def forget_answers(self) -> None:
        """Another host was changed, and with it the cluster: discard what look_once remembers."""
        self._remembered.forget()

    def start_over(self) -> None:
        """Discard what was planned, and the snapshot."""
        self.dry_run = DryRun()
        self.forget()
        self._remembered.start_over()

    def has_written(self, files: Sequence[File]) -> None:
        """Record in the snapshot that these files were written (in a dry run: would be); the rest stays."""
        with self._lock:
            if self._snapshot is not None:
                self._snapshot.files.update({f.path: f.state for f in files})
                self._snapshot.mark_restarts(unit for f in files for unit in f.restarts)

    @property
    def snapshot(self) -> Snapshot:
        """The host's state, probed again if it was changed since."""
        return self._seen()

    def _seen(self, *also: Question) -> Snapshot:
        with self._lock:
            if self._snapshot is None:
                reads = union((self._reads, Reads(questions=also))) if also else self._reads
                self._snapshot = self._probe(reads)
                self._reads = self._reads.prompt
            return self._snapshot

    def file(self, path: str) -> FileState | None:
        """A file's state, read from the host if no phase declared it."""
        seen = self._seen_file(path)
        if path in seen.closed:
            raise folders.unread(path, seen.closed[path], self.name)
        if path in seen.not_files:
            raise StepFailed(
                f"{path} is not a regular file", why="it is a directory or a device", host=self.name
            )
        return seen.files.get(path)

    def is_unreadable(self, path: str) -> bool:
        """Whether file() raises for this path."""
        seen = self._seen_file(path)
        return path in seen.closed or path in seen.not_files

    def _seen_file(self, path: str) -> Snapshot:
        seen = self.snapshot
        return seen if seen.has_file(path) else self._look(Reads(files=(path,)))

    def package(self, name: str) -> tuple[str, bool]:
        """(version, held) of a package; ('', False) if it is not installed."""
        if name not in self._reads.packages:
            self._look(Reads(packages=(name,)))
        return self.snapshot.packages.get(name, ("", False))

    def unit(self, name: str) -> UnitState:
        """A systemd unit's state."""
        if name not in self.snapshot.units:
            self._look(Reads(units=(name,)))
        return self.snapshot.units.get(name, UnitState())

    def sysctl(self, key: str) -> tuple[str | None, bool]:
        """(value, read-only here) of a sysctl; (None, False) if the kernel does not have it."""
        if key not in self._reads.sysctls:
            self._look(Reads(sysctls=(key,)))
        return self.snapshot.sysctls.get(key.replace("/", "."), (None, False))

    def module(self, name: str) -> str:
        """A kernel module's state in one word."""
        if name not in self.snapshot.modules:
            self._look(Reads(modules=(name,)))
        return self.snapshot.modules.get(name, "missing")

    def answer(self, question: Question) -> Answer:
        """The answer to a question, read from the host if no probe has it, together with any probe that is due."""
        seen = self._seen(question)
        is_other = self._asked.get(question.name, question.script) != question.script
        if question.name not in seen.answers or is_other:
            seen = self._look(Reads(questions=(question,)))
        return seen.answers.get(question.name, Answer(1, ""))

    def _look(self, reads: Reads) -> Snapshot:
        """Read what was not declared, and keep it in the snapshot."""
        more = self._probe(reads)
        with self._lock:
            seen = self.snapshot
            seen.add(more)
            return seen

    def _probe(self, reads: Reads) -> Snapshot:
        asked = time.time()
        seen = self._probed(Probe(reads))
        if changing := tuple(path for path in reads.files if not seen.has_file(path)):
            seen.add(self._probed(Probe(Reads(files=changing), apart=True)))
        self._asked.update({q.name: q.script for q in reads.questions})
        self._boot_id = seen.text("/proc/sys/kernel/random/boot_id").strip() or self._boot_id
        if (theirs := whole(seen.facts.get("time"))) is not None:
            self.clock_offset = offset(theirs, asked=asked, answered=time.time())
        return seen

    def _probed(self, probe: Probe) -> Snapshot:
        done = self.look(probe, timeout=PROBE_TIMEOUT)
        if done.exit_status != 0:
            raise StepFailed(
                "cannot read the host's state",
                why=f"the probe exited with status {done.exit_status}",
                host=self.name,
                detail=done.stderr.decode("utf-8", "replace")[-2000:],
            )
        return parse(done.stdout)
