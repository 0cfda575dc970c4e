"""Run one script over one SSH channel: both streams drained, bounded memory, an end in time."""

from __future__ import annotations

import contextlib
import itertools
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from paramiko import Channel, ChannelException, SSHException, Transport

from k8sboot.errors import ConnectError, ConnectionLost, DeadlineExceeded, ShellSilent
from k8sboot.ssh.connection import Completed
from k8sboot.ssh.link import WatchedStream
from k8sboot.ssh.retry import retry
from k8sboot.ssh.script import MarkedStream, Markers, wrap
from k8sboot.ssh.watch import LOGIN_AFTER, Watched, watched

SLICE = 256 * 1024
CHANNEL_TIMEOUT = 15.0
SESSION_SLOT_WAIT, SESSION_SLOT_PAUSE = 8.0, 0.1
LAST_WORDS_WAIT = 1.0
SHELL_WAIT = 60.0
"""Seconds in which a login shell, and sudo, come to our script: longer than a slow lookup of a name takes."""


@dataclass(frozen=True)
class Execution:
    """An authenticated transport, and the inventory name of the host at its other end."""

    host: str
    transport: Transport
    wire: WatchedStream


@dataclass(frozen=True)
class Shell:
    """How a shell is reached: the command line for a limit of N seconds, and what goes before the script on
    stdin (a sudo password and the word to go on, or nothing).
    """

    command: Callable[[int], str]
    preamble: Callable[[], bytes] = bytes


def execute(session: Execution, shell: Shell, script: str, *, timeout: float) -> Completed:
    """Run script and return how it ended; exit_status is -1 when a signal killed the shell that ran it.

    Raises DeadlineExceeded, ConnectionLost, ConnectError (the login shell did not run the script).
    """
    markers = Markers.fresh()
    # The host ends the script by itself soon after we stopped waiting, even if we are gone by then.
    command = shell.command(int(timeout) + 2)
    return exchange(session, command, shell.preamble() + wrap(script, markers), markers, timeout=timeout)


def exchange(
    session: Execution, command: str, stdin: bytes, markers: Markers, *, timeout: float
) -> Completed:
    """Run a command line that prints the markers around its output, feed it stdin; errors as execute()."""
    with watched(session.wire, session.transport) as link:
        try:
            with contextlib.closing(_open(session, timeout)) as channel:
                return _Run(session, channel, markers, timeout).through(command, stdin)
        except (SSHException, EOFError, OSError) as error:
            raise _lost(session, link, error) from None


def _open(session: Execution, timeout: float) -> Channel:
    """A session channel. A server with MaxSessions 1 may still be closing our last one."""
    try:
        return retry(
            lambda: session.transport.open_session(timeout=CHANNEL_TIMEOUT + login_wait(session)),
            causes=(ChannelException,),
            pauses=itertools.repeat(SESSION_SLOT_PAUSE),
            deadline=time.monotonic() + min(timeout, SESSION_SLOT_WAIT),
        )
    except ChannelException as error:
        raise ConnectError(
            "the SSH server opens no session",
            why=f"{error.text}; MaxSessions in its sshd_config may be reached",
            fix="set MaxSessions to at least 1 on the host and let no other session share this login",
            host=session.host,
            code="KB-SSH-SESSION",
        ) from None


def login_wait(session: Execution) -> float:
    """Seconds for what the server has to do after a login before it opens the first channel."""
    return LOGIN_AFTER if session.wire.is_fresh else 0.0


def _lost(session: Execution, link: Watched, error: BaseException) -> ConnectionLost:
    why = link.given_up or str(error) or "the connection was closed by the other side"
    return ConnectionLost(
        "the SSH connection died during a command",
        why=why,
        fix="run the same k8sboot command again: it looks at the host and goes on from there",
        host=session.host,
    )


class _Bell(threading.Event):
    """Rung by either stream, silenced by nobody but its owner: paramiko's own for two streams loses rings."""

    def clear(self) -> None:
        """One stream ran dry: that says nothing of the other."""

    def mute(self) -> None:
        """Wait for the next ring."""
        super().clear()


class _Run:
    def __init__(self, session: Execution, channel: Channel, markers: Markers, timeout: float) -> None:
        self._session = session
        self._channel = channel
        self._deadline = time.monotonic() + timeout
        self._timeout = timeout
        self._shell_deadline = min(self._deadline, time.monotonic() + SHELL_WAIT)
        self._out = MarkedStream(markers)
        self._err = MarkedStream(markers)

    def through(self, command: str, stdin: bytes) -> Completed:
        self._ask_for(command)
        sender = threading.Thread(target=self._send, args=(stdin,), name="k8sboot-stdin", daemon=True)
        sender.start()
        self._drain()
        if self._out.ended:
            # The server frees the session only when the shell is gone; it says so in a moment.
            self._channel.status_event.wait(LAST_WORDS_WAIT)
            return Completed(self._out.exit_status, self._out.value(), self._err.value())
        return self._ended_early()

    def _ask_for(self, command: str) -> None:
        # paramiko waits for the server's answer without an end; the closing of the channel wakes it.
        late = threading.Timer(self._shell_deadline - time.monotonic(), self._give_up)
        late.daemon = True
        late.start()
        try:
            self._channel.exec_command(command)
        except SSHException:
            if time.monotonic() < self._shell_deadline or not self._session.transport.is_active():
                raise
            raise self._unanswered() from None
        finally:
            late.cancel()

    def _give_up(self) -> None:
        # The link may be closed in the same moment: that is no news, and a thread's traceback is for nobody.
        with contextlib.suppress(OSError, SSHException, EOFError):
            self._channel.close()

    def _send(self, data: bytes) -> None:
        view = memoryview(data)
        # A peer that stops reading shows as an ended channel or as the deadline, not here.
        with contextlib.suppress(OSError, SSHException, EOFError):
            for start in range(0, len(view), SLICE):
                self._channel.sendall(view[start : start + SLICE].tobytes())
            self._channel.shutdown_write()

    def _drain(self) -> None:
        """Read both streams until both have ended, the channel has, or time is up."""
        bell = _Bell()
        self._channel.in_buffer.set_event(bell)
        self._channel.in_stderr_buffer.set_event(bell)
        while not (self._out.ended and self._err.ended):
            bell.mute()
            finished = self._channel.eof_received or self._channel.closed
            got = self._read_ready()
            if finished and not got:
                return
            deadline = self._deadline if self._out.begun else self._shell_deadline
            remaining = deadline - time.monotonic()
            if remaining <= 0:
                raise self._too_late()
            if not got:
                bell.wait(min(remaining, 1.0))

    def _read_ready(self) -> bool:
        got = False
        if self._channel.recv_ready():
            self._out.feed(self._channel.recv(SLICE))
            got = True
        if self._channel.recv_stderr_ready():
            self._err.feed(self._channel.recv_stderr(SLICE))
            got = True
        return got

    def _ended_early(self) -> Completed:
        """The channel ended without an end marker: lost, killed, a syntax error, or not our shell at all."""
        self._channel.status_event.wait(LAST_WORDS_WAIT)
        status = self._channel.exit_status
        if status == -1:
            # A dead connection and a killed shell look alike until the transport's thread has ended.
            self._session.transport.join(0.5)
            if not self._session.transport.is_alive():
                raise EOFError
        if not self._out.begun:
            raise self._wrong_shell(status)
        return Completed(status, self._out.value(), self._err.value())

    def _unanswered(self) -> ShellSilent:
        return ShellSilent(
            f"the SSH server did not answer within {min(self._timeout, SHELL_WAIT):g} s whether it runs a command",
            why="its process for our connection is alive, but stuck or starved; nothing was run",
            fix="look at the machine's load and its sshd's log, then run the same k8sboot command again",
            host=self._session.host,
            code="KB-SSH-SESSION",
        )

    def _too_late(self) -> DeadlineExceeded:
        if not self._out.begun:
            return ShellSilent(
                f"the login shell did not get to our script within {min(self._timeout, SHELL_WAIT):g} s",
                why="its start-up file (~/.bashrc, ~/.zshenv, ~/.cshrc, config.fish) hangs, or sudo does",
                fix=f"try `ssh HOST true` by hand, look at that file; it said: {self._heard() or 'nothing'}",
                host=self._session.host,
            )
        said = self._err.value() or self._out.value()
        return DeadlineExceeded(
            f"a command did not end within {self._timeout:g} s",
            why="it was told to stop",
            fix="see what it waited for in its last words, then run the same k8sboot command again",
            host=self._session.host,
            detail=said[-4000:].decode("utf-8", "replace"),
        )

    def _wrong_shell(self, status: int) -> ConnectError:
        return ConnectError(
            "the login shell did not run /bin/sh",
            why=f"it ended with {status} and said: {self._heard() or 'nothing'}",
            fix="give the login user a shell that runs commands (`usermod -s /bin/bash USER`), "
            "and keep its start-up files from taking over",
            host=self._session.host,
            code="KB-SSH-SHELL",
        )

    def _heard(self) -> str:
        heard = f"{self._out.heard_before()} {self._err.heard_before()}".strip()
        return " ".join(heard.split())[-300:]
