"""The seam between k8sboot and a host's shell: the smallest interface that tests can replace."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True)
class Completed:
    """A command that ended. Outputs are bytes as they came (at most 8 MiB each, the middle cut out)."""

    exit_status: int
    stdout: bytes
    stderr: bytes

    @property
    def text(self) -> str:
        """stdout, decoded leniently."""
        return self.stdout.decode("utf-8", "replace")

    @property
    def problem(self) -> str:
        """Its last words on stderr, at most 300 characters, or else its exit status; '' when it ended well."""
        if self.exit_status == 0:
            return ""
        return self.stderr.decode("utf-8", "replace").strip()[-300:] or f"it ended with {self.exit_status}"


class Connection(Protocol):
    """One multiplexed connection to one host. Every script runs as root under /bin/sh, one at a time.

    A script travels on stdin inside braces with stdin from /dev/null, so that a script cut short by a dead
    link runs not at all, and no command in it can eat the rest of it.
    """

    def run(self, script: str, *, timeout: float) -> Completed:
        """Run a short script and return how it ended, whatever its exit status.

        Raises DeadlineExceeded after timeout seconds, ConnectionLost when link or peer die.
        """

    def run_job(
        self, name: str, script: str, *, timeout: float, on_output: Callable[[str], None]
    ) -> Completed:
        """Run a long script as a job on the host that outlives this connection, and follow it to its end.

        Reconnects and goes on following when the connection dies. name: [a-z0-9-]+, says what it is.
        """

    def end_jobs(self) -> None:
        """End the job under way, whose run_job raises Interrupted, and start none any more. From any thread."""

    def close(self) -> None:
        """Close the connection; idempotent."""
