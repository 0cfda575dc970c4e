"""The interface between k8sboot and a host's shell, small enough for tests to replace."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, TypeAlias

from k8sboot.errors import StepFailed


@dataclass(frozen=True)
class Completed:
    """A command that has exited. Outputs are raw bytes (at most 8 MiB each, the middle cut out)."""

    exit_status: int
    stdout: bytes
    stderr: bytes

    @property
    def text(self) -> str:
        """stdout, decoded leniently."""
        return self.stdout.decode("utf-8", "replace")

    @property
    def problem(self) -> str:
        """The end of its stderr, at most 300 characters, or else its exit status; '' when it succeeded."""
        if self.exit_status == 0:
            return ""
        return (
            self.stderr.decode("utf-8", "replace").strip()[-300:]
            or f"it exited with status {self.exit_status}"
        )


def not_understood(what: str, host: str) -> StepFailed:
    """The error for an answer of k8sboot's own scripts that is not in their form."""
    return StepFailed(
        f"cannot parse the host's answer about {what}",
        why="it is not in the form that k8sboot's script prints",
        fix=f"check `/bin/sh` on {host} and what runs at its start, then run again",
        host=host,
    )


class Request(Protocol):
    """A script as a value: what is asked of a host, with the text that asks for it."""

    def render(self) -> str:
        """The text for /bin/sh."""


Script: TypeAlias = "str | Request"


def text_of(script: Script) -> str:
    """A script as it is sent."""
    return script if isinstance(script, str) else script.render()


class Connection(Protocol):
    """One multiplexed connection to one host. Every script runs as root under /bin/sh, one at a time.

    A script is sent on stdin inside braces, and runs with stdin from /dev/null: a script that a dead link cuts
    short does not run, and no command in it can read the rest of it.
    """

    def run(self, script: Script, *, timeout: float) -> Completed:
        """Run a short script and return its result, whatever its exit status.

        Raises DeadlineExceeded after timeout seconds, ConnectionLost when the link or the peer dies.
        """

    def run_job(
        self, name: str, script: Script, *, timeout: float, on_output: Callable[[str], None]
    ) -> Completed:
        """Run a long script as a job on the host that outlives this connection, and follow it to its end.

        Reconnects and continues when the connection dies. name: [a-z0-9-]+, what the job is.
        """

    def end_jobs(self) -> None:
        """End the running job, whose run_job raises Interrupted, and start no other. From any thread."""

    def close(self) -> None:
        """Close the connection; idempotent."""
