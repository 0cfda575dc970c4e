"""A controller that is killed in the middle of a run, as by `kill -9`: every thread ends where it is."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

from fake_cluster import FakeCluster
from fake_host import FakeConnection
from runs import ME

from k8sboot.events import Event
from k8sboot.host.lease import Claim
from k8sboot.inventory.hosts import HostSpec
from k8sboot.phase import Phase
from k8sboot.run.event_queue import SyncListener
from k8sboot.run.session import RunRequest, Session
from k8sboot.ssh.connection import Completed, Connection, Script

DEAD = Claim("run0", "up by me, pid 2", ME.origin)


class Killed(BaseException):
    """Ends a thread without a word."""


class Life:
    """Of a controller, up to the record of that number."""

    def __init__(self, records: int) -> None:
        self.left = records
        self.wake: Callable[[Event], None] = lambda _event: None
        self._lock = threading.Lock()

    def witness(self, _event: Event) -> None:
        """The record is written; then it is over."""
        with self._lock:
            self.left -= 1
        if self.left <= 0:
            self.wake(Event())  # the main thread may be waiting for one
        self.check()

    def check(self, _event: object = None) -> None:
        if self.left <= 0:
            raise Killed


class Line(Connection):
    """A connection that ends with its controller; the host stays as it is."""

    def __init__(self, host: FakeConnection, life: Life) -> None:
        self._host = host
        self._life = life

    def run(self, script: Script, *, timeout: float) -> Completed:
        self._life.check()
        return self._host.run(script, timeout=timeout)

    def run_job(
        self, name: str, script: Script, *, timeout: float, on_output: Callable[[str], None]
    ) -> Completed:
        self._life.check()
        return self._host.run_job(name, script, timeout=timeout, on_output=on_output)

    def end_jobs(self) -> None:
        """Nobody asks for it."""

    def close(self) -> None:
        """Nobody is there to close it."""


def run_killed(cluster: FakeCluster, phases: Sequence[Phase], *, after: int) -> bool:
    """Run phases until that many records are written; whether the run was killed before its end."""
    life = Life(after)

    def connect(host: HostSpec, _note: Callable[[str], None]) -> Connection:
        cluster.hosts[host.name].is_closed = False
        return Line(cluster.hosts[host.name], life)

    listeners = (SyncListener(life.witness), life.check)
    session = Session(cluster.spec, RunRequest("up", tuple(phases)), connect, listeners, claim=DEAD)
    life.wake = session._events._queue.put
    others, hook = set(threading.enumerate()), threading.excepthook
    threading.excepthook = lambda failed: None if failed.exc_type is Killed else hook(failed)
    try:
        session.run()
    except Killed:
        if session._run:
            session._run.stop("killed")
        for thread in set(threading.enumerate()) - others:
            thread.join(30)
            assert not thread.is_alive()
        return True
    finally:
        threading.excepthook = hook
    return False
