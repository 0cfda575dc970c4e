"""The Connection to a real host: one session, reopened when it died between two commands."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from k8sboot.errors import ConnectionLost, Interrupted
from k8sboot.ssh.connection import Completed, Script, text_of
from k8sboot.ssh.execution import Execution, Shell, execute, on_link, open_channel
from k8sboot.ssh.following import SILENT_FOR, Stream, follow
from k8sboot.ssh.handshake import abandon
from k8sboot.ssh.job_scripts import new_id
from k8sboot.ssh.jobs import Follower
from k8sboot.ssh.login import Login
from k8sboot.ssh.privilege import root_shell
from k8sboot.ssh.route import open_session
from k8sboot.ssh.ssh_config import resolve
from k8sboot.ssh.target import Target

# Without a handler paramiko prints its tracebacks to the user's stderr.
logging.getLogger("paramiko").addHandler(logging.NullHandler())


def open_connection(target: Target, notice: Callable[[str], None]) -> HostConnection:
    """Connect as root to the target. Raises ConnectError."""
    login = resolve(target)
    for line in login.notices:
        notice(line)
    connection = HostConnection(login, notice)
    connection.open()
    return connection


class HostConnection:
    """Implements k8sboot.ssh.connection.Connection."""

    def __init__(self, login: Login, notice: Callable[[str], None]) -> None:
        self._login = login
        self._notice = notice
        self._lock = threading.RLock()
        self._next = threading.Lock()
        self._session: Execution | None = None
        self._shell: Shell | None = None
        self._closed = False
        self._job: Follower | None = None
        self._ends_jobs = False

    def open(self) -> tuple[Execution, Shell]:
        """The live session and its root shell, both reopened when the last one died. Raises ConnectError."""
        with self._lock:
            self._refuse_when_closed()
            if self._session is None or self._shell is None or not self._session.transport.is_active():
                self._drop()
                self._session = open_session(self._login, self._notice)
                try:
                    secret = self._login.target.sudo_password
                    self._shell = root_shell(self._session, secret, user=self._login.user)
                except BaseException:
                    self._drop()
                    raise
            # close() does not wait for the lock: it may have been called during the connect.
            self._refuse_when_closed()
            return self._session, self._shell

    def _refuse_when_closed(self) -> None:
        if self._closed:
            self._drop()
            raise ConnectionLost("the connection was closed by k8sboot", host=self._login.name)

    def run(self, script: Script, *, timeout: float) -> Completed:
        """Run a short script as root; see Connection.run.

        exit_status is -1 when the remote shell itself was killed by a signal. When the connection has
        died since the last command, a new one is opened first.
        """
        with self._turn():
            session, shell = self.open()
            return execute(
                session, shell, text_of(script), timeout=timeout, when_refused=self._interrupt_follower
            )

    def _follow(self, stream: Stream) -> Completed | None:
        """Run a script beside all others, on a channel that is opened in its turn."""
        with self._turn():
            session, shell = self.open()
            with on_link(session):
                channel = open_channel(session, SILENT_FOR, lambda: None)
        return follow(session, channel, shell, stream)

    def _interrupt_follower(self) -> None:
        """Let a job's follower close its channel: the server (MaxSessions 1) opens no second one."""
        if self._job is not None:
            self._job.look_away()

    @contextmanager
    def _turn(self) -> Iterator[None]:
        """One command at a time, in the order of the callers: a lock alone would let the last holder in first."""
        with self._next:
            self._lock.acquire()
        try:
            yield
        finally:
            self._lock.release()

    def run_job(
        self, name: str, script: Script, *, timeout: float, on_output: Callable[[str], None]
    ) -> Completed:
        """Run a long script as a job that outlives the connection; see Connection.run_job.

        stdout of the result is the job's log, with both streams. Raises CommandFailed when the job could
        not start or was killed, DeadlineExceeded (the job is stopped), ConnectionLost (the host stays unreachable),
        Interrupted (end_jobs was called).
        """
        job = Follower(
            lambda text, limit: self.run(text, timeout=limit),
            self._follow,
            new_id(name),
            host=self._login.name,
            timeout=timeout,
            notice=self._notice,
        )
        self._job = job
        if self._ends_jobs:
            raise Interrupted(f"job {name} was not started", host=self._login.name)
        return job.run(text_of(script), on_output)

    def end_jobs(self) -> None:
        """End the running job and start no other; see Connection.end_jobs."""
        self._ends_jobs = True
        if self._job is not None:
            self._job.end()

    def close(self) -> None:
        """Close the connection; idempotent. A command running in another thread ends with ConnectionLost."""
        self._closed = True
        self._drop()

    def _drop(self) -> None:
        session, self._session, self._shell = self._session, None, None
        if session is not None:
            abandon(session.transport)
            session.stream.close()
