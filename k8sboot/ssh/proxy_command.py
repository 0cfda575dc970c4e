"""Reach a host through the user's ProxyCommand, whose stdin and stdout are one end of a socket pair."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import tempfile
import threading
from typing import IO

from k8sboot.errors import Unreachable
from k8sboot.ssh.link import WatchedStream

END_WAIT = 2.0


class _Command:
    """The command as a stream; closing it kills the command and its children."""

    def __init__(self, sock: socket.socket, process: subprocess.Popen[bytes], stderr: IO[bytes]) -> None:
        self._stderr = stderr
        self._problem = ""
        self._lock = threading.RLock()
        self._sock = sock
        self._process = process
        self.recv = sock.recv
        self.send = sock.send
        self.settimeout = sock.settimeout

    def problem(self) -> str:
        """The command's stderr, and how it exited."""
        with self._lock:
            if not self._stderr.closed:
                self._problem = self._describe()
            return self._problem

    def _describe(self) -> str:
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(0.2)
        self._stderr.seek(max(0, self._stderr.seek(0, os.SEEK_END) - 500))
        output = " ".join(self._stderr.read().decode("utf-8", "replace").split())
        status = self._process.returncode
        state = "is still running" if status is None else f"exited with status {status}"
        return f"the ProxyCommand {state}; its stderr: {output or '(empty)'}"

    def close(self) -> None:
        """Close the stream, kill the command and all it started, and reap it."""
        # paramiko's thread may call this, too.
        with self._lock:
            self.problem()
            self._sock.close()
            self._stderr.close()
            for number in (signal.SIGTERM, signal.SIGKILL):
                if self._process.poll() is None:
                    with contextlib.suppress(ProcessLookupError, PermissionError):
                        os.killpg(self._process.pid, number)
                    with contextlib.suppress(subprocess.TimeoutExpired):
                        self._process.wait(END_WAIT)


def spawn(command: str, *, host: str) -> WatchedStream:
    """Start the command with the user's shell, as ssh does; the stream to it. Raises Unreachable."""
    ours, theirs = socket.socketpair()
    stderr = tempfile.TemporaryFile()  # noqa: SIM115  lives as long as the stream
    shell = os.environ.get("SHELL") or "/bin/sh"
    try:
        process = subprocess.Popen(
            [shell, "-c", f"exec {command}"],
            stdin=theirs.fileno(),
            stdout=theirs.fileno(),
            stderr=stderr,
            start_new_session=True,
        )
    except OSError as error:
        ours.close()
        stderr.close()
        raise Unreachable("cannot start the ProxyCommand", why=str(error), host=host) from None
    finally:
        theirs.close()
    stream = _Command(ours, process, stderr)
    return WatchedStream(stream, problem=stream.problem)
