"""Settings of this machine's kernel that its guests change, because containers share them.

kubelet, systemd and k8sboot write sysctls. Those of the network are each host's own. The others are not: a host gets
files in their place, and the machine's are raised for all guests before the first lab starts, and put back after the
last one is gone.
"""

import contextlib
import json
import shutil
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
RAISED = {
    "kernel/keys/root_maxbytes": 25_000_000,
    "kernel/keys/root_maxkeys": 1_000_000,
    "fs/inotify/max_user_instances": 8192,
    "fs/inotify/max_user_watches": 524_288,
    "vm/max_map_count": 262_144,
    "fs/nr_open": 1_048_576 * 1024 - 8,
}
"""What root's processes on all hosts need together; systemd raises nr_open to this where it may."""
_SYSCTLS = Path("/proc/sys")
_OWN = Path("/usr/lib/lab/sysctl")
_AT_BOOT = Path("/usr/lib/lab/sysctl-at-boot")
_BEFORE_SYSCTL = Path("/usr/lib/systemd/system/systemd-sysctl.service.d/lab.conf")
BEFORE_SYSCTL = f"""\
# systemd raises fs.file-max and fs.nr_open when it starts, and writes a file without truncating it.
[Service]
ExecStartPre=/bin/sh -c 'cd {_AT_BOOT} && find . -type f | while read -r f; do cat "$f" > "{_OWN}/$f"; done'
"""
_REMEMBERED = locks.RUN / "kernel.json"


def own_settings(root: Path) -> list[tuple[Path, Path]]:
    """A stand-in: files in a host's root for these settings, so that no host sees what another one writes.

    They begin with the machine's values at each boot. Both paths are the host's own.
    """
    values = {name: value for name, value in _values().items() if not name.startswith("net/")}
    for folder in (_OWN, _AT_BOOT):
        shutil.rmtree(_below(root, folder), ignore_errors=True)
        for name, value in values.items():
            _put(_below(root, folder / name), f"{value}\n")
    _put(_below(root, _BEFORE_SYSCTL), BEFORE_SYSCTL)
    return [(_OWN / name, _SYSCTLS / name) for name in values]


def _below(root: Path, path: Path) -> Path:
    return root / path.relative_to("/")


def _put(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def _values() -> dict[str, str]:
    """The machine's settings as they were before the first lab."""
    if _REMEMBERED.exists():
        return dict(json.loads(_REMEMBERED.read_text()))
    return {name: (_SYSCTLS / name).read_text().strip() for name in SHARED if (_SYSCTLS / name).exists()}


def raise_for_guests() -> None:
    """Remember the settings, unless a lab that runs already did, and raise what the guests share."""
    values = _values()
    _REMEMBERED.parent.mkdir(parents=True, exist_ok=True)
    _REMEMBERED.write_text(json.dumps(values))
    for name, least in RAISED.items():
        if int(values.get(name, least)) < least:
            (_SYSCTLS / name).write_text(str(least))


def restore() -> None:
    """Put back what differs."""
    if not _REMEMBERED.exists():
        return
    for name, value in json.loads(_REMEMBERED.read_text()).items():
        with contextlib.suppress(OSError):
            if (_SYSCTLS / name).read_text().strip() != value:
                (_SYSCTLS / name).write_text(value)
    _REMEMBERED.unlink()
