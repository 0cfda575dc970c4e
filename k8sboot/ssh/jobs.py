"""Follow a job on a host to its end, over as many connections as needed."""

from __future__ import annotations

import codecs
import time
from collections.abc import Callable, Iterator
from contextlib import suppress

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
from k8sboot.ssh.following import Stream
from k8sboot.ssh.retry import backoff, retry
from k8sboot.ssh.script import Capped

START_TIMEOUT = 60.0
STOP_TIMEOUT = 30.0
FIRST_PAUSE, LONGEST_PAUSE = 0.5, 8.0
JITTER = (0.75, 1.25)
LONGEST_LINE = 64 * 1024
TAIL_LINES = 25
STOPPED = "it was stopped"

Run = Callable[[str, float], Completed]
Follow = Callable[[Stream], Completed | None]


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
    """One job on one host. run: runs a script there as root within a timeout (seconds), reconnects if needed.

    follow: runs one beside those, and passes on its output as it arrives; the same otherwise.
    """

    def __init__(
        self,
        run: Run,
        follow: Follow,
        job: str,
        *,
        host: str,
        timeout: float,
        notice: Callable[[str], None],
    ) -> None:
        self._run = run
        self._follow = follow
        self._job = job
        self._host = host
        self._timeout = timeout
        self._deadline = time.monotonic() + timeout
        self._notice = notice
        self._head = bytearray()
        self._has_started = False
        self._has_heard = False
        self._offset = 0
        self._log = Capped()
        self._lines = Lines(lambda _line: None)
        self._stream: Stream | None = None
        self._is_ending = False

    def end(self) -> None:
        """Ask for the job's end: run() stops it and raises Interrupted. From any thread.

        A job that is being started is stopped once it has been: whoever stops it earlier finds nothing to stop.
        """
        self._is_ending = True
        self.look_away()

    def look_away(self) -> None:
        """Close the channel and open another one when that is possible. From any thread."""
        if self._stream is not None and self._has_started:
            self._stream.leave()

    def run(self, script: str, on_output: Callable[[str], None]) -> Completed:
        """Start the job, once, however often the link dies; pass on its log until all of it has arrived."""
        self._lines = Lines(on_output)
        start = job_scripts.start_and_follow(self._job, job_scripts.start(self._job, script))
        while True:
            done = self._retry(lambda: self._attempt(start))
            if done is not None:
                self._lines.feed(b"", final=True)
                return self._finish(done)
            if self._is_ending:
                raise self._ended()
            if time.monotonic() >= self._deadline:
                raise self._too_late()

    def _attempt(self, start: str) -> Completed | None:
        """Follow the job from where the last attempt ended."""
        left = max(0.0, self._deadline - time.monotonic())
        script, limit = (self._continued(), left) if self._has_started else (start, left + START_TIMEOUT)
        then = job_scripts.when_received(self._job)
        done = self._through(Stream(script, limit, self._take, then, _receipt))
        if done is not None and done.exit_status != 0 and self._has_started:
            raise ConnectionLost("the script that reads the job's log was killed", host=self._host)
        return done

    def _continued(self) -> str:
        return job_scripts.follow(self._job, offset=self._offset)

    def _through(self, stream: Stream) -> Completed | None:
        self._head.clear()
        self._stream = stream
        return None if self._is_ending else self._follow(stream)

    def _take(self, data: bytes) -> None:
        """Take output: the follower's first line, then bytes of the log."""
        self._has_heard = True
        if not self._head.endswith(job_scripts.FOLLOWING):
            missing = len(job_scripts.FOLLOWING) - len(self._head)
            self._head += data[:missing]
            data = data[missing:]
            if self._head == job_scripts.FOLLOWING:
                self._starts()
        self._offset += len(data)
        self._log.add(data)
        self._lines.feed(data)

    def _starts(self) -> None:
        """The job is there: from now on it can be stopped."""
        if not self._has_started and self._stream is not None:
            self._stream.until = self._deadline
        self._has_started = True
        if self._is_ending:
            self.look_away()

    def _retry(self, attempt: Callable[[], Completed | None]) -> Completed | None:
        """Make attempts, over a new connection when the link dies, until the deadline."""
        causes = (ConnectionLost, Unreachable, DeadlineExceeded)
        try:
            return retry(
                attempt,
                causes=causes,
                pauses=self._pauses(),
                deadline=self._deadline,
                before_retry=self._announce,
            )
        except causes as error:
            raise self._out_of_reach(error) from None

    def _pauses(self) -> Iterator[float]:
        """Pauses that grow while nothing is heard of the host."""
        while True:
            for pause in backoff(FIRST_PAUSE, LONGEST_PAUSE, JITTER):
                self._has_heard = False
                yield pause
                if self._has_heard:
                    break

    def _announce(self, error: Exception, pause: float) -> None:
        if self._is_ending:
            raise error
        self._notice(f"{error}; retrying in {pause:.1f} s, job {self._job} continues on the host")

    def _finish(self, done: Completed) -> Completed:
        if not self._has_started:
            raise self._not_started(done)
        try:
            end = job_scripts.parse_end(done.stderr)
        except ValueError:
            raise not_understood(f"job {self._job}", self._host) from None
        if end.exit_status is None:
            raise self._vanished(end)
        return Completed(end.exit_status, self._log.value(), b"")

    def _not_started(self, done: Completed) -> CommandFailed:
        return CommandFailed(
            f"cannot start job {self._job}",
            command="systemd-run (or setsid)",
            exit_status=done.exit_status,
            host=self._host,
            detail=done.stderr.decode("utf-8", "replace"),
            fix=f"check the free space and permissions of {JOBS_DIR} (`df -h /var`), then run again",
        )

    def _tail(self) -> str:
        return "\n".join(self._log.value().decode("utf-8", "replace").splitlines()[-TAIL_LINES:])

    def _stop(self) -> str:
        """End the job on the host; the result in words."""
        try:
            self._run(job_scripts.stop(self._job), STOP_TIMEOUT)
        except (ConnectError, DeadlineExceeded) as error:
            return f"it may still be running: stopping it failed: {error}"
        return STOPPED

    def _read_to_its_end(self) -> None:
        """Pass on the last words of a job that was stopped; its folder stays."""
        with suppress(ConnectError, DeadlineExceeded):
            self._through(Stream(self._continued(), STOP_TIMEOUT, self._take))

    def _ended(self) -> Interrupted:
        return Interrupted(f"job {self._job} was asked to end", why=self._stop(), host=self._host)

    def _too_late(self) -> DeadlineExceeded:
        stopped = self._stop()
        if stopped == STOPPED:
            self._read_to_its_end()
        self._lines.feed(b"", final=True)
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

    def _vanished(self, found: job_scripts.End) -> CommandFailed:
        why = "its directory is gone" if found.state == "gone" else "killed, or the machine rebooted"
        return CommandFailed(
            f"job {self._job} ended without an exit status ({why})",
            command=self._job,
            exit_status=-1,
            host=self._host,
            detail=self._tail(),
            fix="check the host (`dmesg`, `last -x`), then run the same k8sboot command again",
        )


def _receipt(stderr: bytes) -> bytes:
    """What the host is told of a job whose end arrived: its folder may go if the job succeeded."""
    try:
        has_succeeded = job_scripts.parse_end(stderr).exit_status == 0
    except ValueError:
        return b""
    return job_scripts.RECEIVED if has_succeeded else b""
