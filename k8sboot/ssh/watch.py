"""Detects a dead peer while a command runs: one thread for all links, awake only while some are busy.

TCP alone is not enough: a frozen sshd continues to acknowledge, and paramiko's own keepalive requests no answer.
A link silent for PING_AFTER seconds is pinged; silent for DEAD_AFTER seconds it is closed, which wakes all
threads that wait on it, wherever in paramiko.

A server that has just accepted a login gets longer: it does not respond until PAM has opened the session, and
systemd-logind, or an unreachable directory service, may take half a minute for that.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

from k8sboot.ssh.link import WatchedStream

if TYPE_CHECKING:
    from paramiko import Transport

PING_AFTER = 5.0
DEAD_AFTER = 15.0
LOGIN_AFTER = 60.0
TICK = 0.5


class Watched:
    """A busy link: its stream, its transport, and why it was closed, '' while it was not."""

    def __init__(self, stream: WatchedStream, transport: Transport) -> None:
        self.stream = stream
        self.transport = transport
        self.closed_because = ""
        self._ping: threading.Thread | None = None

    def look(self) -> None:
        """Ping the peer, or close the link."""
        silent = self.stream.silent_for()
        if silent >= (LOGIN_AFTER if self.stream.is_fresh else DEAD_AFTER):
            self.closed_because = _reason(self.stream)
            self.transport.close()
        elif silent >= PING_AFTER and (self._ping is None or not self._ping.is_alive()):
            self._ping = threading.Thread(target=self._ask, name="k8sboot-ping", daemon=True)
            self._ping.start()

    def _ask(self) -> None:
        # Any failure here shows as further silence, which look() handles.
        with contextlib.suppress(Exception):
            self.transport.global_request("keepalive@openssh.com", wait=True)


def _reason(stream: WatchedStream) -> str:
    if stream.is_fresh:
        return (
            f"the login was accepted, but no session was opened within {LOGIN_AFTER:g} s: PAM is waiting "
            "(`systemctl list-jobs`, `journalctl -u systemd-logind`), or the machine is frozen"
        )
    return f"no response for {DEAD_AFTER:g} s: the machine, its sshd or the network is frozen"


_busy: set[Watched] = set()
_lock = threading.Lock()
_thread: threading.Thread | None = None


@contextlib.contextmanager
def watched(stream: WatchedStream, transport: Transport) -> Iterator[Watched]:
    """Watch the link for the duration of the block."""
    link = Watched(stream, transport)
    # Silence between two commands means nothing.
    stream.heard_at = time.monotonic()
    with _lock:
        _busy.add(link)
        _start()
    try:
        yield link
    finally:
        with _lock:
            _busy.discard(link)


def _start() -> None:
    global _thread  # noqa: PLW0603  one watcher for the process, made when first needed
    if _thread is None or not _thread.is_alive():
        _thread = threading.Thread(target=_patrol, name="k8sboot-watch", daemon=True)
        _thread.start()


def _patrol() -> None:
    global _thread  # noqa: PLW0603
    idle = 0
    while True:
        time.sleep(TICK)
        with _lock:
            links = list(_busy)
            idle = 0 if links else idle + 1
            if idle > 10:
                _thread = None
                return
        for link in links:
            link.look()
