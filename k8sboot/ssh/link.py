"""A byte stream to an SSH server that knows when the other side last responded."""

from __future__ import annotations

import fcntl
import socket
import struct
import termios
import time
from collections.abc import Callable
from typing import Protocol

from k8sboot.errors import Unreachable

USER_TIMEOUT_MS = 12_000
FIRST_BYTES = 256


class Stream(Protocol):
    """What an SSH transport needs of a socket; a forwarded channel has it, too."""

    def recv(self, size: int, /) -> bytes: ...
    def send(self, data: bytes, /) -> int: ...
    def settimeout(self, seconds: float | None, /) -> None: ...
    def close(self) -> None: ...


class WatchedStream:
    """Passes bytes through, and stores the first ones received and the time of the last."""

    def __init__(
        self, stream: Stream, *, base: socket.socket | None = None, problem: Callable[[], str] = str
    ) -> None:
        """base: the socket whose send queue shows progress. problem: what a ProxyCommand reports."""
        self.problem = problem
        self._stream = stream
        self._base = base
        self._queued = 0
        self._closed = False
        self.first = b""
        self.heard_at = time.monotonic()
        self.is_fresh = False
        """Logged in, and no byte received since: PAM may delay the session."""

    def recv(self, size: int) -> bytes:
        """Receive, as a socket does."""
        data = self._stream.recv(size)
        if data:
            self.heard_at = time.monotonic()
            self.is_fresh = False
            if len(self.first) < FIRST_BYTES:
                self.first += data[: FIRST_BYTES - len(self.first)]
        return data

    def send(self, data: bytes) -> int:
        """Send, as a socket does."""
        return self._stream.send(data)

    def settimeout(self, seconds: float | None) -> None:
        """Bound every receive and send."""
        self._stream.settimeout(seconds)

    def close(self) -> None:
        """Close the stream below; idempotent."""
        self._closed = True
        self._stream.close()

    def silent_for(self) -> float:
        """Seconds without a response: nothing received, and nothing more of what was sent acknowledged."""
        queued = self._unsent()
        if queued < self._queued:
            self.heard_at = time.monotonic()
        self._queued = queued
        return time.monotonic() - self.heard_at

    def _unsent(self) -> int:
        # On a slow link seconds of upload wait in the kernel; no answer can come before they are sent.
        if self._base is None or self._base.fileno() < 0:
            return 0
        try:
            answer = fcntl.ioctl(self._base.fileno(), termios.TIOCOUTQ, b"\0" * 4)
        except OSError:
            return 0
        return int(struct.unpack("i", answer)[0])


def dial(address: str, port: int, *, timeout: float, host: str) -> WatchedStream:
    """Open a TCP connection within timeout seconds. Raises Unreachable; host: the name in errors."""
    try:
        sock = socket.create_connection((address, port), timeout=timeout)
    except OSError as error:
        raise _unreachable(error, f"{address}:{port}", timeout=timeout, host=host) from None
    tune(sock)
    return WatchedStream(sock, base=sock)


def tune(sock: socket.socket) -> None:
    """Send without delay, and notice within 15 s that the peer is gone."""
    # Without TCP_NODELAY every command waits some 40 ms for a delayed acknowledgement.
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for option, value in (
        ("TCP_USER_TIMEOUT", USER_TIMEOUT_MS),
        ("TCP_KEEPIDLE", 10),
        ("TCP_KEEPINTVL", 3),
        ("TCP_KEEPCNT", 3),
    ):
        number = getattr(socket, option, None)
        if number is not None:
            sock.setsockopt(socket.IPPROTO_TCP, number, value)


def _unreachable(error: OSError, where: str, *, timeout: float, host: str) -> Unreachable:
    if isinstance(error, socket.gaierror):
        why = f"the name does not resolve: {error.strerror}"
        fix = "check `address` in the inventory and this machine's DNS or /etc/hosts"
    elif isinstance(error, ConnectionRefusedError):
        why = "connection refused: the machine is up, but nothing listens on that port"
        fix = "start its sshd (`systemctl start ssh`, or `sshd`), or correct `port`"
    elif isinstance(error, TimeoutError):
        why = f"no answer within {timeout:g} s: the machine is down, or a firewall drops packets"
        fix = "check that it is running, its address, and firewalls on the path; or raise `connectTimeout`"
    else:
        why = error.strerror or str(error)
        fix = "check the address and the route to it, e.g. `ip route get ADDRESS`"
    return Unreachable(f"cannot reach {where}", why=why, fix=fix, host=host)
