"""Notices that a peer died while a command runs: one thread for all links, awake only while some are busy.

TCP alone is not enough: a frozen sshd goes on acknowledging, and paramiko's own keepalive asks for no answer.
A link silent for PING_AFTER seconds is asked for a sign of life; silent for DEAD_AFTER seconds it is closed,
which wakes everybody who waits on it, wherever in paramiko they do.

A server that has just accepted a login is given longer: until PAM has made the session it answers nothing, and
systemd-logind, or a directory service that is away, may take half a minute for that.
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
    """A busy link: its wire, its transport, and why it was given up, '' while it was not."""

    def __init__(self, wire: WatchedStream, transport: Transport) -> None:
        self.wire = wire
        self.transport = transport
        self.given_up = ""
        self._ping: threading.Thread | None = None

    def look(self) -> None:
        """Ask for a sign of life, or give the link up."""
        silent = self.wire.silent_for()
        if silent >= (LOGIN_AFTER if self.wire.is_fresh else DEAD_AFTER):
            self.given_up = _reason(self.wire)
            self.transport.close()
        elif silent >= PING_AFTER and (self._ping is None or not self._ping.is_alive()):
            self._ping = threading.Thread(target=self._ask, name="k8sboot-ping", daemon=True)
            self._ping.start()

    def _ask(self) -> None:
        # Any failure here shows as further silence, which is what look() judges by.
        with contextlib.suppress(Exception):
            self.transport.global_request("keepalive@openssh.com", wait=True)


def _reason(wire: WatchedStream) -> str:
    if wire.is_fresh:
        return (
            f"the login was accepted, and no session came of it within {LOGIN_AFTER:g} seconds: PAM holds it up "
            "(`systemctl list-jobs`, `journalctl -u systemd-logind`), or the machine froze"
        )
    return f"no sign of life for {DEAD_AFTER:g} seconds: the machine, its sshd or the network froze"


_busy: set[Watched] = set()
_lock = threading.Lock()
_thread: threading.Thread | None = None


@contextlib.contextmanager
def watched(wire: WatchedStream, transport: Transport) -> Iterator[Watched]:
    """Have the link watched for the length of the block."""
    link = Watched(wire, transport)
    # Silence between two commands means nothing: nobody asked.
    wire.heard_at = time.monotonic()
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
