"""SSH to the hosts. `connect` is the only entry; nothing else in k8sboot knows paramiko."""

from __future__ import annotations

from collections.abc import Callable

from k8sboot.ssh.connection import Connection
from k8sboot.ssh.target import Target


def connect(target: Target, *, log: Callable[[str], None] = lambda _line: None) -> Connection:
    """Log in to a host, check its host key, become root. Raises ConnectError.

    log: takes lines for the user: new host keys with their fingerprints, warnings, reconnects. paramiko is
    imported here, on the first connection.
    """
    from k8sboot.ssh.host_connection import open_connection

    return open_connection(target, log)
