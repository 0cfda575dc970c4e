"""Run one script over one SSH channel: both streams drained, in bounded memory, within a timeout."""

from __future__ import annotations

import contextlib
import itertools
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from paramiko import Channel, ChannelException, SSHException, Transport

from k8sboot.errors import ConnectError, ConnectionLost, DeadlineExceeded, ShellSilent
from k8sboot.ssh.connection import Completed
from k8sboot.ssh.link import WatchedStream
from k8sboot.ssh.refusals import explained
from k8sboot.ssh.retry import retry
from k8sboot.ssh.script import MarkedStream, Markers, wrap
from k8sboot.ssh.watch import LOGIN_AFTER, Watched, watched

SLICE = 256 * 1024
CHANNEL_TIMEOUT = 15.0
SESSION_SLOT_WAIT, SESSION_SLOT_PAUSE = 8.0, 0.1
EXIT_WAIT = 1.0
SHELL_WAIT = 60.0
"""Seconds for a login shell, and sudo, to start the script: more than a slow name lookup takes."""


@dataclass(frozen=True)
class Execution:
    """An authenticated transport, and the inventory name of the host at its other end."""

    host: str
    transport: Transport
    stream: WatchedStream


@dataclass(frozen=True)
class Shell:
    """How to start a shell: the command line for a limit of N seconds, and what precedes the script on stdin
    (a sudo password and the go word, or nothing).
    """

    command: Callable[[int], str]
    preamble: Callable[[], bytes] = bytes


def execute(
    session: Execution,
    shell: Shell,
    script: str,
    *,
    timeout: float,
    when_refused: Callable[[], None] = lambda: None,
) -> Completed:
    """Run script and return its result; exit_status is -1 when a signal killed the shell that ran it.

    when_refused: called when the server opens no further session at this moment; the attempt is repeated.
    Raises DeadlineExceeded, ConnectionLost, ConnectError (the login shell did not run the script).
    """
    markers = Markers.fresh()
    # The host ends the script by itself soon after this timeout, even when the connection is gone by then.
    command = shell.command(int(timeout) + 2)
    stdin = shell.preamble() + wrap(script, markers)
    return exchange(session, command, stdin, markers, timeout=timeout, when_refused=when_refused)


def exchange(
    session: Execution,
    command: str,
    stdin: bytes,
    markers: Markers,
    *,
    timeout: float,
    when_refused: Callable[[], None] = lambda: None,
) -> Completed:
    """Run a command line that prints the markers around its output, feed it stdin; errors as execute()."""
    with on_link(session), contextlib.closing(open_channel(session, timeout, when_refused)) as channel:
        return Run(session, channel, markers, timeout).through(command, stdin)


@contextlib.contextmanager
def on_link(session: Execution) -> Iterator[None]:
    """Watch the link for the duration of the block; raises ConnectionLost for paramiko's errors in it."""
    with watched(session.stream, session.transport) as link:
        try:
            yield
        except (SSHException, EOFError, OSError) as error:
            raise _lost(session, link, error) from None


def open_channel(session: Execution, timeout: float, when_refused: Callable[[], None]) -> Channel:
    """A session channel. A server with MaxSessions 1 may still be closing our last one."""
    try:
        return retry(
            lambda: session.transport.open_session(timeout=CHANNEL_TIMEOUT + login_wait(session)),
            causes=(ChannelException,),
            pauses=itertools.repeat(SESSION_SLOT_PAUSE),
            deadline=time.monotonic() + min(timeout, SESSION_SLOT_WAIT),
            before_retry=lambda _error, _pause: when_refused(),
        )
    except ChannelException as error:
        raise ConnectError(
            "the SSH server refuses to open a session",
            why=f"{error.text}; MaxSessions in its sshd_config may be reached",
            fix="raise MaxSessions in the host's sshd_config, and end other sessions on this connection",
            host=session.host,
            code="KB-SSH-SESSION",
        ) from None


def login_wait(session: Execution) -> float:
    """Extra seconds for the server between a login and the first channel."""
    return LOGIN_AFTER if session.stream.is_fresh else 0.0


def _lost(session: Execution, link: Watched, error: BaseException) -> ConnectionLost:
    why = link.closed_because or str(error) or "the other side closed the connection"
    return ConnectionLost(
        "the SSH connection died during a command",
        why=why,
        fix="run the same k8sboot command again: it checks the host and continues from there",
        host=session.host,
    )


class Bell(threading.Event):
    """Set by either stream, cleared only by its owner: paramiko's own event for two streams loses wake-ups."""

    def clear(self) -> None:
        """Ignored: one empty stream says nothing about the other."""

    def mute(self) -> None:
        """Clear, to wait for the next wake-up."""
        super().clear()


class Run:
    """One command line on one channel, its streams drained until both have ended."""

    def __init__(self, session: Execution, channel: Channel, markers: Markers, timeout: float) -> None:
        self._session = session
        self._channel = channel
        self._deadline = time.monotonic() + timeout
        self._timeout = timeout
        self._shell_deadline = min(self._deadline, time.monotonic() + SHELL_WAIT)
        self._bell = Bell()
        self._out = MarkedStream(markers)
        self._err = MarkedStream(markers)

    def through(self, command: str, stdin: bytes) -> Completed:
        """Its result. Raises DeadlineExceeded, ConnectError, and paramiko's errors."""
        self._begin(command, stdin)
        self._drain()
        return self._result()

    def _begin(self, command: str, stdin: bytes) -> None:
        self._ask_for(command)
        sender = threading.Thread(target=self._send, args=(stdin,), name="k8sboot-stdin", daemon=True)
        sender.start()

    def _result(self) -> Completed:
        if self._out.ended:
            # The server frees the session only when the shell is gone, a moment later.
            self._channel.status_event.wait(EXIT_WAIT)
            return Completed(self._out.exit_status, self._out.value(), self._err.value())
        return self._ended_early()

    def _ask_for(self, command: str) -> None:
        # paramiko waits for the server's answer without a timeout; closing the channel wakes it.
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
        # The link may be closed at the same moment; that needs no traceback.
        with contextlib.suppress(OSError, SSHException, EOFError):
            self._channel.close()

    def _send(self, data: bytes) -> None:
        view = memoryview(data)
        # A peer that stops reading is noticed by the ended channel or the deadline, not here.
        with contextlib.suppress(OSError, SSHException, EOFError):
            for start in range(0, len(view), SLICE):
                self._channel.sendall(view[start : start + SLICE].tobytes())
            self._end_input()

    def _end_input(self) -> None:
        self._channel.shutdown_write()

    def _drain(self) -> None:
        """Read both streams until both have ended, the channel has, or the deadline is over."""
        self._channel.in_buffer.set_event(self._bell)
        self._channel.in_stderr_buffer.set_event(self._bell)
        while not self._is_over():
            self._bell.mute()
            finished = self._channel.eof_received or self._channel.closed
            got = self._read_ready()
            if finished and not got:
                return
            deadline = self._deadline if self._out.begun else self._shell_deadline
            remaining = deadline - time.monotonic()
            if remaining <= 0:
                raise self._too_late()
            if not got:
                self._bell.wait(min(remaining, 1.0))

    def _is_over(self) -> bool:
        return self._has_ended()

    def _has_ended(self) -> bool:
        return self._out.ended and self._err.ended

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
        """The channel ended without an end marker: lost, killed, a syntax error, or another shell."""
        self._channel.status_event.wait(EXIT_WAIT)
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
            f"the SSH server did not accept a command within {min(self._timeout, SHELL_WAIT):g} s",
            why="its process for this connection is alive, but stuck or starved; nothing was run",
            fix="check the machine's load and its sshd log, then run the same k8sboot command again",
            host=self._session.host,
            code="KB-SSH-SESSION",
        )

    def _too_late(self) -> DeadlineExceeded:
        if not self._out.begun:
            return ShellSilent(
                f"the login shell did not start the script within {min(self._timeout, SHELL_WAIT):g} s",
                why="its start-up file (~/.bashrc, ~/.zshenv, ~/.cshrc, config.fish) hangs, or sudo does",
                fix=f"run `ssh HOST true` by hand and correct that file; its output: {self._noise() or '(none)'}",
                host=self._session.host,
            )
        output = self._err.value() or self._out.value()
        return DeadlineExceeded(
            f"a command did not finish within {self._timeout:g} s",
            why="it was stopped",
            fix="check the end of its output for what it waited for, then run the same k8sboot command again",
            host=self._session.host,
            detail=output[-4000:].decode("utf-8", "replace"),
        )

    def _wrong_shell(self, status: int) -> ConnectError:
        heard = self._noise()
        why, fix = explained(heard, self._session.transport.get_username() or "USER") or (
            f"it exited with status {status}; its output: {heard or '(none)'}",
            "give the login user a shell that runs commands (`usermod -s /bin/bash USER`), remove an `exec` of "
            "another program from its start-up files, and remove a forced command (`command=` in "
            "authorized_keys, ForceCommand in sshd_config)",
        )
        return ConnectError(
            "the login shell did not run /bin/sh",
            why=why,
            fix=fix,
            host=self._session.host,
            code="KB-SSH-SHELL",
        )

    def _noise(self) -> str:
        heard = f"{self._out.heard_before()} {self._err.heard_before()}".strip()
        return " ".join(heard.split())[-300:]
