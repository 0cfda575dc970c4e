"""Unmount what a reset would delete.

kubeadm 1.20 tries to unmount what is below /var/lib/kubelet, and deletes the files there also where that has failed.
"""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from k8sboot.errors import NotAsWanted, Refused
from k8sboot.host.host import Host
from k8sboot.host.peer import Command
from k8sboot.host.reads import Question
from k8sboot.host.snapshot import from_to, unit_does
from k8sboot.kubernetes.mounts import Mount, parse
from k8sboot.paths import MANIFESTS_DIR
from k8sboot.runtime.contract import Runtime
from k8sboot.scripts import render

CODE = "KB-VOLUME-MOUNTED"
EMPTIED = (
    "/var/lib/kubelet /var/lib/etcd /var/run/kubernetes /var/lib/cni /var/lib/calico"
    f" /var/run/calico /etc/kubernetes/manifests /etc/kubernetes/pki {MANIFESTS_DIR}"
)
"""The directories that kubeadm reset and k8sboot empty."""
VOLUMES = Question("volume-mounts", render("volume-mounts", EMPTIED=EMPTIED))
UNMOUNT: Command = ("/bin/sh", "-c", render("unmount", EMPTIED=EMPTIED))
NOTHING_MOUNTED: Command = ("/bin/sh", "-c", render("nothing-mounted", EMPTIED=EMPTIED))
"""Stands before kubeadm reset, in the same change."""
KUBELET = "kubelet.service"
SHOWN = 5


def unmounted(host: Host, engine: Runtime) -> None:
    """Unmount everything below the directories that a reset empties. An error if a process uses it."""
    found = _mounts(host)
    if used := [mount for mount in found if mount.users]:
        raise Refused(
            f"volumes are in use: {_paths(used)}",
            why=_why(used),
            fix=f"end these processes, then run again; nothing was changed on {host.name}",
            host=host.name,
            code=CODE,
        )
    if found:
        host.change(
            "unmount volumes", *_steps(host, engine, found), diff=_diff(host, found), timeout=900, job=True
        )
        _expect_nothing(host)


def _mounts(host: Host) -> tuple[Mount, ...]:
    answer = host.answer(VOLUMES)
    if answer.exit_status != 0:
        raise Refused(
            "cannot read the mounts of the host",
            why="a reset deletes files, and volumes may still be mounted where it does",
            fix=f"check `findmnt` on {host.name}, then run again",
            host=host.name,
            code=CODE,
        )
    if not answer.text.strip():
        return ()
    # The answer may be from before a drain.
    return parse(host.read(("sh", "-c", VOLUMES.script, VOLUMES.name), timeout=120))


def _steps(host: Host, engine: Runtime, found: Sequence[Mount]) -> list[Command]:
    """kubelet first: it would mount them again."""
    pods = tuple(dict.fromkeys(mount.pod for mount in found if mount.pod))
    steps: list[Command] = [["systemctl", "stop", KUBELET]] if host.unit(KUBELET).exists else []
    return [*steps, *([engine.stop_pods(pods)] if pods else []), UNMOUNT]


def _expect_nothing(host: Host) -> None:
    if host.is_ahead:
        return
    if left := _mounts(host):
        raise NotAsWanted(
            f"cannot unmount {_paths(left)}",
            why=_why(left),
            fix=f"unmount it by hand on {host.name} (`umount {shlex.quote(left[0].path)}`), then run again;"
            f" nothing was deleted, kubelet and the pods of these volumes are stopped",
            host=host.name,
            code=CODE,
        )


def _diff(host: Host, found: Sequence[Mount]) -> str:
    lines = [from_to(mount.path, f"{mount.kind} on {mount.source}", "unmounted") for mount in found]
    return unit_does(KUBELET, "stops, with the Pods of these volumes", host.unit(KUBELET)) + "".join(lines)


def _paths(found: Sequence[Mount]) -> str:
    more = f" and {len(found) - 1} more" if len(found) > 1 else ""
    return f"`{found[0].path}`{more}"


def _why(found: Sequence[Mount]) -> str:
    return "; ".join(
        f"{mount.path} is {mount.kind} on {mount.source}, used by {_users(mount)}" for mount in found[:SHOWN]
    )


def _users(mount: Mount) -> str:
    named = [f"{name} (pid {pid})" for pid, _, name in (user.partition(" ") for user in mount.users)]
    return ", ".join(named) or "no process that can be seen: another mount, or a mount namespace of its own"
