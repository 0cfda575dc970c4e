"""Run a script for as long as it has something to say, and pass on its output as it arrives."""

from __future__ import annotations

import contextlib
import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from paramiko import Channel

from k8sboot.ssh.connection import Completed
from k8sboot.ssh.execution import Bell, Execution, Run, Shell, on_link
from k8sboot.ssh.script import MarkedStream, Markers, wrap

SILENT_FOR = 60.0
"""Seconds without a byte after which a script is taken for stuck."""


@dataclass
class Stream:
    """A script whose output is passed on. then: what its shell does afterwards, with the receipt on stdin.

    limit: seconds after which it is left, and ended on the host; until may be set to an earlier moment.
    receipt: made of the script's stderr.
    """

    script: str
    limit: float
    on_output: Callable[[bytes], None]
    then: str = ""
    receipt: Callable[[bytes], bytes] = lambda _stderr: b""
    bell: Bell = field(default_factory=Bell)
    is_left: bool = False
    until: float = math.inf
    error: Exception | None = None

    def leave(self) -> None:
        """Let follow() return, from any thread; the script ends on the host when it next has something to say."""
        self.is_left = True
        self.bell.set()

    def take(self, data: bytes) -> None:
        """Pass on output; what the receiver raises is no fault of the link, and ends the following."""
        try:
            self.on_output(data)
        except Exception as error:  # follow() raises it
            self.error = error
            self.leave()


def follow(session: Execution, channel: Channel, shell: Shell, stream: Stream) -> Completed | None:
    """The script's result, its stdout passed on; None if it was left before its end.

    Raises DeadlineExceeded when it was silent for SILENT_FOR seconds; others as execute().
    """
    markers = Markers.fresh()
    stdin = shell.preamble() + wrap(stream.script, markers, stream.then)
    with on_link(session), contextlib.closing(channel):
        done = _Followed(session, channel, markers, stream).to_its_end(
            shell.command(int(stream.limit) + 2), stdin
        )
    if stream.error is not None:
        raise stream.error
    return done


class _Followed(Run):
    def __init__(self, session: Execution, channel: Channel, markers: Markers, stream: Stream) -> None:
        super().__init__(session, channel, markers, SILENT_FOR)
        self._stream = stream
        self._bell = stream.bell
        self._until = time.monotonic() + stream.limit
        self._out = MarkedStream(markers, sink=stream.take)

    def to_its_end(self, command: str, stdin: bytes) -> Completed | None:
        self._begin(command, stdin)
        self._drain()
        if self._has_ended():
            self._send(self._stream.receipt(self._err.value()))
            super()._end_input()
        elif self._is_left():
            return None
        return self._result()

    def _end_input(self) -> None:
        """The receipt follows."""

    def _read_ready(self) -> bool:
        got = super()._read_ready()
        if got:
            self._deadline = time.monotonic() + SILENT_FOR
        return got

    def _is_over(self) -> bool:
        return self._has_ended() or self._is_left()

    def _is_left(self) -> bool:
        return self._stream.is_left or time.monotonic() >= min(self._until, self._stream.until)
