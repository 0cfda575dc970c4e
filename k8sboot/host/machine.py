"""One machine's connection and what was last seen there; shared by every Peer and Host of it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Literal

from k8sboot.errors import ConnectError, ConnectionLost, Locked, StepFailed, Unreachable
from k8sboot.host import lease, once
from k8sboot.host.dry_run import DryRun
from k8sboot.host.files import File
from k8sboot.host.probe import parse, script
from k8sboot.host.reads import Question, Reads, union
from k8sboot.host.retry import Retrier
from k8sboot.host.snapshot import Answer, FileState, Snapshot, UnitState, offset
from k8sboot.paths import LOCK, RUN_DIR
from k8sboot.ssh.connection import Completed, Connection

PROBE_TIMEOUT = 300.0
"""Seconds. A probe takes tenths of one; slow disks, loaded hosts and emulated ones get their time."""
HOLD_TIMEOUT = 40.0
LOOK_PATIENCE = 5.0


class Machine:
    """Connection and snapshot of one host. foresight: what a dry run has planned there.

    claim: set, the host is altered only while no other run holds it, see k8sboot.lock.
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
        """note: takes a line for the user each time that the host is asked again because the link died."""
        self.name = name
        self.address = address
        self.role = role
        self.dry_run = DryRun()
        self.probes = 0
        self.clock_offset = 0.0
        self.claim: lease.Claim | None = None
        self._held_until = 0.0
        self._has_job = False
        self._boot_id = ""
        self._connection = connection
        self._retrier = Retrier(note)
        self._reads = reads
        self._snapshot: Snapshot | None = None
        self._lock = threading.RLock()

    def run(self, text: str, *, timeout: float) -> Completed:
        """Run a short script as root."""
        return self._connection.run(text, timeout=timeout)

    def look(self, text: str, *, timeout: float) -> Completed:
        """Run a short script that only reads; asked again when the connection dies under it."""
        return self._retrier.retry(lambda: self.run(text, timeout=timeout))

    def alter(self, text: str, *, timeout: float) -> Completed:
        """Run a short script that alters the host, once, however often the connection dies meanwhile.

        Raises Locked, and nothing of it ran, when another run is there; ConnectionLost when the host stays away,
        or was restarted, so that nobody knows how it went.
        """
        name = once.new_id()
        script = once.once(text, name)
        if self.claim is not None:
            script = lease.held(script, self.claim, timeout=timeout)
        try:
            done = self.run(script, timeout=timeout)
        except (ConnectionLost, Unreachable) as lost:
            done = self._recalled(name, lost, timeout) or self.alter(text, timeout=timeout)
        return self._acquired(done)

    def _acquired(self, done: Completed) -> Completed:
        """The answer of a script that asked for the host first. Raises Locked when it was refused."""
        if done.exit_status == lease.REFUSED and lease.SAID.encode() in done.stderr:
            raise lease.refusal(done.stderr.decode("utf-8", "replace"), self.name)
        self._held_until = time.monotonic() + lease.LEASE
        return done

    def _recalled(self, name: str, lost: ConnectError, timeout: float) -> Completed | None:
        """How the errand went during which the connection was lost; None when it never began, and never will."""
        deadline = time.monotonic() + timeout
        while True:
            done = self.look(once.recall(name, patience=LOOK_PATIENCE), timeout=60)
            told = once.parse_outcome(done.stdout)
            if self._boot_id not in ("", told.boot_id):
                raise ConnectionLost(
                    lost.what,
                    why="the machine was restarted meanwhile",
                    fix="run the same k8sboot command again: it looks at the host and goes on from there",
                    host=self.name,
                )
            if told.state == once.NEVER:
                return None
            if told.state == once.ENDED:
                return Completed(told.exit_status, told.stdout, done.stderr)
            if time.monotonic() > deadline:
                raise lost

    def run_job(self, name: str, text: str, timeout: float, on_output: Callable[[str], None]) -> Completed:
        """Run a long script that alters the host and outlives the connection; from then on it holds the host."""
        self.acquire()
        self._has_job = True
        try:
            return self._connection.run_job(name, text, timeout=timeout, on_output=on_output)
        finally:
            self._has_job = False

    def acquire(self) -> None:
        """Take the host for this run, or renew that. Raises Locked; StepFailed where there is no room for a lock."""
        if self.claim is not None:
            done = self._acquired(self.look(lease.take(self.claim), timeout=HOLD_TIMEOUT))
            if done.exit_status != 0:
                raise StepFailed(
                    f"the lock {LOCK} cannot be written",
                    why=f"that ended with {done.exit_status}: without it two runs might alter the host at once",
                    fix=f"make room in {RUN_DIR} (`df -h /run; df -i /run`), then run again",
                    host=self.name,
                    detail=done.stderr.decode("utf-8", "replace")[-2000:],
                )

    def renew(self) -> None:
        """Renew the lease of a host that was altered before and is idle; a job holds it by itself."""
        is_due = 0 < self._held_until < time.monotonic() + lease.LEASE - lease.RENEW
        if self.claim and is_due and not self._has_job:
            with suppress(ConnectError, StepFailed, Locked):  # the next change will tell
                self._acquired(self.run(lease.take(self.claim), timeout=HOLD_TIMEOUT))

    def release(self) -> None:
        """Give the lease back; where that fails it ends by itself."""
        if self.claim is not None and self._held_until > 0:
            self._held_until = 0.0
            with suppress(ConnectError, StepFailed):
                self.run(lease.release(self.claim), timeout=HOLD_TIMEOUT)

    def end_jobs(self) -> None:
        """End the job that runs there, if one does; whoever follows it finds it Interrupted."""
        self._connection.end_jobs()

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def forget(self) -> None:
        """The host was altered: what was seen no longer counts."""
        with self._lock:
            self._snapshot = None

    def start_over(self) -> None:
        """What was planned is forgotten, and what was seen with it."""
        self.dry_run = DryRun()
        self.forget()

    def has_written(self, files: Sequence[File]) -> None:
        """These files lie there now (in a dry run: would), as their digests say; the rest is as it was seen."""
        with self._lock:
            if self._snapshot is not None:
                self._snapshot.files.update({f.path: f.state for f in files})
                self._snapshot.mark_restarts(unit for f in files for unit in f.restarts)

    @property
    def snapshot(self) -> Snapshot:
        """What the host looks like, probed anew when it has been altered since."""
        return self._seen()

    def _seen(self, *also: Question) -> Snapshot:
        with self._lock:
            if self._snapshot is None:
                self._snapshot = self._probe(union((self._reads, Reads(questions=also))))
                self._reads = self._reads.prompt
            return self._snapshot

    def file(self, path: str) -> FileState | None:
        """A file's state, asked for where no phase has declared it."""
        seen = self.snapshot
        if path not in seen.files and path not in seen.not_files:
            seen = self._look(Reads(files=(path,)))
        if path in seen.not_files:
            raise StepFailed(
                f"{path} is no regular file", why="a folder or device is in its place", host=self.name
            )
        return seen.files.get(path)

    def package(self, name: str) -> tuple[str, bool]:
        """(version, held) of a package; ('', False) when not installed."""
        if name not in self._reads.packages:
            self._look(Reads(packages=(name,)))
        return self.snapshot.packages.get(name, ("", False))

    def unit(self, name: str) -> UnitState:
        """A systemd unit's state."""
        if name not in self.snapshot.units:
            self._look(Reads(units=(name,)))
        return self.snapshot.units.get(name, UnitState())

    def sysctl(self, key: str) -> tuple[str | None, bool]:
        """(value, read-only here) of a sysctl; (None, False) where the kernel has none of that name."""
        if key not in self._reads.sysctls:
            self._look(Reads(sysctls=(key,)))
        return self.snapshot.sysctls.get(key, (None, False))

    def module(self, name: str) -> str:
        """A kernel module's state in one word."""
        if name not in self.snapshot.modules:
            self._look(Reads(modules=(name,)))
        return self.snapshot.modules.get(name, "missing")

    def answer(self, question: Question) -> Answer:
        """The answer to a question, asked where no probe has; in one with whatever is to be looked at anew."""
        seen = self._seen(question)
        if question.name not in seen.answers:
            seen = self._look(Reads(questions=(question,)))
        return seen.answers.get(question.name, Answer(1, ""))

    def _look(self, reads: Reads) -> Snapshot:
        """Ask for what was not declared and keep it with the rest."""
        more = self._probe(reads)
        with self._lock:
            seen = self.snapshot
            seen.add(more)
            return seen

    def _probe(self, reads: Reads) -> Snapshot:
        self.probes += 1
        asked = time.time()
        done = self.look(script(reads), timeout=PROBE_TIMEOUT)
        if done.exit_status != 0:
            raise StepFailed(
                "the host's state cannot be read",
                why=f"the probe ended with {done.exit_status}",
                host=self.name,
                detail=done.stderr.decode("utf-8", "replace")[-2000:],
            )
        seen = parse(done.text)
        self._boot_id = seen.text("/proc/sys/kernel/random/boot_id").strip() or self._boot_id
        if "time" in seen.facts:
            self.clock_offset = offset(float(seen.facts["time"] or 0), asked=asked, answered=time.time())
        return seen
