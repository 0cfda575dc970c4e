"""Send a script to a remote shell, and tell its output from that of the login shell. Pure.

The script goes over stdin: one line that prints the begin marker, then a group in braces. A shell reads a
group to its end before it runs any of it, so a script that a dead link cuts short does not run. Both markers
are random for each run: neither a .bashrc that prints nor a hostile command can fake a result. The script holds them
in two pieces, so a program that echoes its input (a .bashrc that ends in `exec cat`) prints neither.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass

from k8sboot.text.numbers import whole

OUTPUT_LIMIT = 8 * 1024 * 1024
NOISE_LIMIT = 2048
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
CLEAN = f"/usr/bin/env -i PATH={PATH} LC_ALL=C.UTF-8 HOME=/root USER=root LOGNAME=root"
"""Starts a command of k8sboot, in a session or a job: with this environment and nothing else.

Sessions inherit /etc/environment and the login profile, jobs systemd's DefaultEnvironment: a proxy, a KUBECONFIG or a
TMPDIR in there would make the same command behave differently.
"""


@dataclass(frozen=True)
class Markers:
    """The two words that enclose a script's own output on either stream."""

    begin: bytes
    end: bytes

    @staticmethod
    def fresh() -> Markers:
        """Markers that cannot be guessed."""
        token = secrets.token_hex(16)
        return Markers(f"<k8sboot:{token}>".encode(), f"</k8sboot:{token}>".encode())

    def words(self) -> tuple[str, str]:
        """Either marker as two words of shell, for printf's %s%s. Without single quotes."""
        begin, end = self.begin.decode(), self.end.decode()
        return f'"{begin[:1]}" "{begin[1:]}"', f'"{end[:1]}" "{end[1:]}"'


TEMPORARY = "/run"
"""Where bash, as /bin/sh, puts a text that the script feeds to a command: not /tmp, where others may write."""


def wrap(script: str, markers: Markers, then: str = "") -> bytes:
    """The input for `/bin/sh -s` that runs script with stdin from /dev/null. The environment comes from CLEAN.

    then: what the shell does after the end markers, with its own stdin.
    """
    begin, end = markers.words()
    head = f"printf %s%s {begin}; printf %s%s {begin} >&2\n{{\numask 022; cd /; TMPDIR={TEMPORARY}\n(\n"
    tail = f"\n) </dev/null\nprintf '%s%s %d\\n' {end} $?; printf '%s%s\\n' {end} >&2\n{then}}}\n"
    return (head + script + tail).encode("utf-8", "surrogateescape")


class Capped:
    """Collects bytes in bounded memory: the first and the last half of the limit, the middle cut out."""

    def __init__(self, limit: int = OUTPUT_LIMIT) -> None:
        self._half = limit // 2
        self._head = bytearray()
        self._tail = bytearray()
        self._cut = 0

    def add(self, chunk: bytes | bytearray) -> None:
        """Take a chunk."""
        room = self._half - len(self._head)
        self._head += chunk[:room]
        self._tail += chunk[room:]
        if len(self._tail) > 2 * self._half:
            self._trim()

    def _trim(self) -> None:
        surplus = len(self._tail) - self._half
        if surplus > 0:
            self._cut += surplus
            del self._tail[:surplus]

    def value(self) -> bytes:
        """The collected bytes, with a note where some are missing."""
        self._trim()
        note = f"\n[k8sboot: {self._cut} bytes cut out]\n".encode() if self._cut else b""
        return bytes(self._head) + note + bytes(self._tail)


def _begun(word: bytes, data: bytes | bytearray) -> int:
    """How many bytes of the word the data ends in."""
    return next(n for n in range(len(word) - 1, -1, -1) if data.endswith(word[:n]))


class MarkedStream:
    """One stream of a run: noise, begin marker, the script's output, end marker, and the rest of that line."""

    def __init__(
        self, markers: Markers, *, limit: int = OUTPUT_LIMIT, sink: Callable[[bytes], None] | None = None
    ) -> None:
        """sink: takes the script's output as it arrives, instead of value()."""
        self._markers = markers
        self._carry = bytearray()
        self._body = Capped(limit)
        self._add = sink or self._body.add
        self._ending: bytearray | None = None
        self.noise = bytearray()
        self.begun = False

    def feed(self, chunk: bytes) -> None:
        """Take the next bytes of the stream."""
        if self._ending is not None:
            self._ending += chunk[: 64 - len(self._ending)]
            return
        self._carry += chunk
        if not self.begun:
            self._seek_begin()
        if self.begun:
            self._seek_end()

    def _seek_begin(self) -> None:
        at = self._carry.find(self._markers.begin)
        self.begun = at >= 0
        before = at if self.begun else max(0, len(self._carry) - len(self._markers.begin) + 1)
        self.noise += self._carry[:before]
        del self.noise[:-NOISE_LIMIT]
        del self._carry[: before + len(self._markers.begin) if self.begun else before]

    def _seek_end(self) -> None:
        at = self._carry.find(self._markers.end)
        if at >= 0:
            self._ending = self._carry[at + len(self._markers.end) :][:64]
        ready = at if at >= 0 else len(self._carry) - _begun(self._markers.end, self._carry)
        if ready > 0:
            self._add(bytes(self._carry[:ready]))
        del self._carry[: len(self._carry) if at >= 0 else ready]

    @property
    def ended(self) -> bool:
        """Whether the whole line of the end marker has arrived."""
        return self._ending is not None and b"\n" in self._ending

    @property
    def exit_status(self) -> int:
        """The number on the end marker's line, -1 if there is none; only after ended."""
        number = whole((self._ending or b"").split(b"\n")[0].decode("ascii", "replace"))
        return -1 if number is None else number

    def value(self) -> bytes:
        """The script's own output so far."""
        body = self._body.value()
        return body + bytes(self._carry) if self.begun else body

    def heard_before(self) -> str:
        """The end of the output before the begin marker, or without one."""
        rest = b"" if self.begun else bytes(self._carry)
        return (bytes(self.noise) + rest).decode("utf-8", "replace").strip()
