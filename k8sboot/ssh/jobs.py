"""Follow a job on a host to its end, over as many connections as needed."""

from __future__ import annotations

import codecs
import time
from collections.abc import Callable

from k8sboot.errors import (
    CommandFailed,
    ConnectError,
    ConnectionLost,
    DeadlineExceeded,
    Interrupted,
    K8sbootError,
    Unreachable,
)
from k8sboot.paths import JOBS_DIR
from k8sboot.ssh import job_scripts
from k8sboot.ssh.connection import Completed, not_understood
from k8sboot.ssh.retry import backoff, retry
from k8sboot.ssh.script import Capped

START_TIMEOUT = 60.0
LOOK_WAIT = 5.0
LOOK_TIMEOUT = 60.0
STOP_TIMEOUT = 30.0
FIRST_PAUSE, LONGEST_PAUSE = 0.5, 8.0
JITTER = (0.75, 1.25)
LONGEST_LINE = 64 * 1024
TAIL_LINES = 25

Run = Callable[[str, float], Completed]


class Lines:
    """Splits bytes into complete lines, in order; a very long line comes in pieces."""

    def __init__(self, on_line: Callable[[str], None]) -> None:
        self._on_line = on_line
        self._decode = codecs.getincrementaldecoder("utf-8")("replace").decode
        self._rest = ""

    def feed(self, data: bytes, *, final: bool = False) -> None:
        """Take bytes; with final, the rest counts as a line."""
        *complete, self._rest = (self._rest + self._decode(data, final)).split("\n")
        for line in complete:
            self._pass_on(line.removesuffix("\r"))
        if final and self._rest:
            self._pass_on(self._rest)
            self._rest = ""
        while len(self._rest) > LONGEST_LINE:
            self._on_line(self._rest[:LONGEST_LINE])
            self._rest = self._rest[LONGEST_LINE:]

    def _pass_on(self, line: str) -> None:
        for start in range(0, max(1, len(line)), LONGEST_LINE):
            self._on_line(line[start : start + LONGEST_LINE])


class Follower:
    """One job on one host. run: runs a script there as root within a timeout (seconds), reconnects if needed."""

    def __init__(
        self, run: Run, job: str, *, host: str, timeout: float, notice: Callable[[str], None]
    ) -> None:
        self._run = run
        self._job = job
        self._host = host
        self._timeout = timeout
        self._deadline = time.monotonic() + timeout
        self._notice = notice
        self._offset = 0
        self._log = Capped()
        self._is_ending = False

    def end(self) -> None:
        """Ask for the job's end: follow() stops it and raises Interrupted. From any thread."""
        self._is_ending = True

    def start(self, script: str) -> None:
        """Start the job, once, however often the link dies."""
        done = self._retry(job_scripts.start(self._job, script), START_TIMEOUT)
        if done.exit_status != 0:
            raise CommandFailed(
                f"cannot start job {self._job}",
                command="systemd-run (or setsid)",
                exit_status=done.exit_status,
                host=self._host,
                detail=done.stderr.decode("utf-8", "replace"),
                fix=f"check the free space and permissions of {JOBS_DIR} (`df -h /var`), then run again",
            )

    def follow(self, on_output: Callable[[str], None]) -> Completed:
        """Pass on the log until the job has ended and all of it has arrived."""
        lines = Lines(on_output)
        while True:
            found = self._look()
            self._offset += len(found.data)
            self._log.add(found.data)
            lines.feed(found.data)
            if found.state != "running" and self._offset >= found.size:
                lines.feed(b"", final=True)
                return self._finish(found)
            if self._is_ending:
                raise self._ended()
            if time.monotonic() >= self._deadline:
                lines.feed(b"", final=True)
                raise self._too_late()

    def _look(self) -> job_scripts.Look:
        wait = max(0.0, min(LOOK_WAIT, self._deadline - time.monotonic()))
        done = self._retry(job_scripts.look(self._job, offset=self._offset, wait=wait), LOOK_TIMEOUT)
        try:
            return job_scripts.parse_look(done.stdout)
        except ValueError:
            raise not_understood(f"job {self._job}", self._host) from None

    def _retry(self, script: str, timeout: float) -> Completed:
        """Run a script that may run twice, over a new connection when the link dies, until the deadline."""
        causes = (ConnectionLost, Unreachable, DeadlineExceeded)
        try:
            return retry(
                lambda: self._run(script, timeout),
                causes=causes,
                pauses=backoff(FIRST_PAUSE, LONGEST_PAUSE, JITTER),
                deadline=self._deadline,
                before_retry=self._announce,
            )
        except causes as error:
            raise self._out_of_reach(error) from None

    def _announce(self, error: Exception, pause: float) -> None:
        if self._is_ending:
            raise error
        self._notice(f"{error}; retrying in {pause:.1f} s, job {self._job} continues on the host")

    def _finish(self, found: job_scripts.Look) -> Completed:
        if found.exit_status is None:
            raise self._vanished(found)
        if found.exit_status == 0:
            try:
                self._run(job_scripts.remove(self._job), START_TIMEOUT)
            except ConnectError as error:
                self._notice(f"{error}; {JOBS_DIR}/{self._job} was not removed")
        return Completed(found.exit_status, self._log.value(), b"")

    def _tail(self) -> str:
        return "\n".join(self._log.value().decode("utf-8", "replace").splitlines()[-TAIL_LINES:])

    def _stop(self) -> str:
        """End the job on the host; the result in words."""
        try:
            self._run(job_scripts.stop(self._job), STOP_TIMEOUT)
        except (ConnectError, DeadlineExceeded) as error:
            return f"it may still be running: stopping it failed: {error}"
        return "it was stopped"

    def _ended(self) -> Interrupted:
        return Interrupted(f"job {self._job} was asked to end", why=self._stop(), host=self._host)

    def _too_late(self) -> DeadlineExceeded:
        stopped = self._stop()
        return DeadlineExceeded(
            f"job {self._job} did not finish within {self._timeout:g} s",
            why=stopped,
            fix=f"check the end of its output, all of it is in {JOBS_DIR}/{self._job}/log on the host; "
            "then run the same k8sboot command again",
            host=self._host,
            detail=self._tail(),
        )

    def _out_of_reach(self, error: K8sbootError) -> ConnectionLost:
        return ConnectionLost(
            f"the host stayed unreachable while job {self._job} was running on it",
            why=str(error),
            fix=f"the job continues by itself (log: {JOBS_DIR}/{self._job}/log); "
            "when the host is back, run the same k8sboot command again",
            host=self._host,
            detail=self._tail(),
        )

    def _vanished(self, found: job_scripts.Look) -> CommandFailed:
        why = "its directory is gone" if found.state == "gone" else "killed, or the machine rebooted"
        return CommandFailed(
            f"job {self._job} ended without an exit status ({why})",
            command=self._job,
            exit_status=-1,
            host=self._host,
            detail=self._tail(),
            fix="check the host (`dmesg`, `last -x`), then run the same k8sboot command again",
        )
