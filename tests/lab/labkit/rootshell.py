"""The way into a host as root, whatever its sshd allows."""

import os
from collections.abc import Sequence

from labkit import cgroups, machine
from labkit.plan import Host

FORBIDDEN = "sys_time"
"""What the machine inside does not have either, see keeper."""


def become(host: Host, command: Sequence[str]) -> None:
    """Replace this process by a root shell, or a command, inside the host.

    Not by ssh, so that it works where root may not log in or the network is cut. The control
    groups are joined too: a process counted outside would not be the host's own.
    """
    leader = machine.leader(host)
    cgroups.join_inside(host.cgroup)
    environment = {
        "HOME": "/root",
        "USER": "root",
        "LOGNAME": "root",
        "SHELL": "/bin/bash",
        "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        "TERM": os.environ.get("TERM", "dumb"),
        "LANG": "C.UTF-8",
    }
    inside = list(command) or ["/bin/bash", "--login"]
    os.umask(0o022)
    least = ("setpriv", f"--bounding-set=-{FORBIDDEN}", f"--inh-caps=-{FORBIDDEN}")
    into = ("nsenter", f"--target={leader}", "--all", f"--wd=/proc/{leader}/root/root", "--")
    os.execvpe("setpriv", [*least, *into, *inside], environment)
