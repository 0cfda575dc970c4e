"""Wait for other users of the package manager, naming them, before starting k8sboot's own job."""

from __future__ import annotations

from k8sboot.host.host import Host
from k8sboot.host.peer import Command

LOCK_WAIT = 900

# A POSIX record lock, listed with its inode and its holder's pid.
RECORD_LOCK = r"""record_lock() {
  i=$(stat -Lc %i "$1" 2>/dev/null) || return 0
  p=$(awk -v i=":$i" '$4=="WRITE" && substr($6, length($6)-length(i)+1)==i {print $5; exit}' /proc/locks)
  [ -z "$p" ] || [ ! -d "/proc/$p" ] || { echo "$(cat "/proc/$p/comm"), pid $p"; exit; }
}
"""

_APT = (
    RECORD_LOCK
    + r"""for f in /var/lib/dpkg/lock-frontend /var/lib/dpkg/lock /var/lib/apt/lists/lock /var/cache/apt/archives/lock
do record_lock "$f"; done"""
)
APT_HOLDER = ("sh", "-c", _APT, "apt-lock-holder")


def wait_for(host: Host, holder: Command) -> None:
    """Wait until no other program uses the package manager. holder: a script that prints it, with its process id."""
    found = host.ask(holder).text.strip()
    if found:
        host.wait(
            f"the package manager, held by {found}",
            lambda: f"held by {now}" if (now := host.ask(holder).text.strip()) else "",
            timeout=LOCK_WAIT,
        )
