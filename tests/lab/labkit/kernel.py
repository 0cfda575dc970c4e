"""Settings of this machine's kernel that its guests change, because containers share them.

kubelet and k8sboot write sysctls. Those of the network are each host's own; these are not, so
they are remembered before the first lab starts and put back after the last one is gone.
"""

import contextlib
import json
from pathlib import Path

from labkit import locks

SHARED = (
    "kernel/keys/root_maxbytes",
    "kernel/keys/root_maxkeys",
    "kernel/panic",
    "kernel/panic_on_oops",
    "kernel/pid_max",
    "kernel/threads-max",
    "vm/max_map_count",
    "vm/overcommit_memory",
    "vm/panic_on_oom",
    "vm/swappiness",
    "fs/file-max",
    "fs/inotify/max_user_instances",
    "fs/inotify/max_user_watches",
    "fs/may_detach_mounts",
    "fs/nr_open",
    "net/netfilter/nf_conntrack_max",
)
_SYSCTLS = Path("/proc/sys")
_REMEMBERED = locks.RUN / "kernel.json"


def remember() -> None:
    """Keep the settings as they are, unless a lab that runs already did."""
    if _REMEMBERED.exists():
        return
    values = {name: (_SYSCTLS / name).read_text().strip() for name in SHARED if (_SYSCTLS / name).exists()}
    _REMEMBERED.parent.mkdir(parents=True, exist_ok=True)
    _REMEMBERED.write_text(json.dumps(values))


def restore() -> None:
    """Put back what differs."""
    if not _REMEMBERED.exists():
        return
    for name, value in json.loads(_REMEMBERED.read_text()).items():
        with contextlib.suppress(OSError):
            if (_SYSCTLS / name).read_text().strip() != value:
                (_SYSCTLS / name).write_text(value)
    _REMEMBERED.unlink()
