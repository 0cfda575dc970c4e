"""Rows 29 to 32: no space, no inodes, a read-only /etc, and a clock that is wrong."""

from __future__ import annotations

from faulthosts import FaultyHost
from faultrows import row
from faultruns import Controller

STATE = "/var/lib/k8sboot"
RUN = "/run/k8sboot"


def scarce(host: FaultyHost, folder: str, *, inodes: bool = False) -> None:
    """What is written below the folder from now on goes to a file system that has no room left."""
    limit = "nr_inodes=12" if inodes else "size=64k"
    fill = (
        "for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14; do : > filler$i || break; done"
        if inodes
        else "dd if=/dev/zero of=filler bs=1k"
    )
    host.undo.callback(roomy, host, folder)
    host.sh(
        f"mkdir -p /run/scarce {folder}; mount -t tmpfs -o {limit} none /run/scarce\n"
        "cd /run/scarce; mkdir up work\n"
        f"mount -t overlay -o lowerdir={folder},upperdir=/run/scarce/up,workdir=/run/scarce/work none {folder}\n"
        f"({fill}) 2>/dev/null; true"
    )


def roomy(host: FaultyHost, folder: str) -> None:
    """There is room again, and what lay there before."""
    host.sh(f"! mountpoint -q /run/scarce || {{ umount -l {folder}; umount -l /run/scarce; }}", check=False)


def our_temporaries(host: FaultyHost) -> str:
    """Files of ours that were never finished."""
    return host.sh(
        "find /etc /var/lib/k8sboot /run/k8sboot /tmp /root -xdev"
        " \\( -name '.k8sboot.*' -o -name '*.k8sboot-new' \\) 2>/dev/null; true"
    )


def etc(host: FaultyHost) -> str:
    """Every file of /etc with its digest."""
    return host.sh("find /etc -xdev -type f ! -name filler\\* -exec sha256sum {} + | sort -k 2")


@row(29, "no space on /")
def test_full_root_leaves_old_files_whole(controller: Controller, node: FaultyHost) -> None:
    written_nowhere(controller, node, inodes=False)


@row(30, "no inodes on /")
def test_root_without_inodes_leaves_old_files_whole(controller: Controller, node: FaultyHost) -> None:
    written_nowhere(controller, node, inodes=True)


def written_nowhere(controller: Controller, node: FaultyHost, *, inodes: bool) -> None:
    """/etc/hosts cannot be written: it stays as it is, and the space is told of."""
    before = etc(node)
    scarce(node, "/etc", inodes=inodes)
    ran = controller.run("phase", "hosts", expect=1)
    ran.blames(node.name, "KB-COMMAND", "write /etc/hosts", "no space left on device", "/etc", "100%")
    ran.went_on("k8s-master01", "k8s-node02", phase="hosts")
    assert etc(node) == before
    assert our_temporaries(node) == ""
    roomy(node, "/etc")
    controller.is_well(phase="hosts")
    assert our_temporaries(node) == ""


@row(29, "no space on /var/lib/k8sboot")
def test_full_var_starts_no_job(controller: Controller, node: FaultyHost) -> None:
    starts_no_job(controller, node, inodes=False)


@row(30, "no inodes on /var/lib/k8sboot")
def test_var_without_inodes_starts_no_job(controller: Controller, node: FaultyHost) -> None:
    starts_no_job(controller, node, inodes=True)


def starts_no_job(controller: Controller, node: FaultyHost, *, inodes: bool) -> None:
    """There is no room for a job's folder: nothing is installed, and the space is told of."""
    scarce(node, STATE, inodes=inodes)
    ran = controller.run("phase", "time-sync", expect=1)
    ran.blames(node.name, "KB-DISK-FULL", "no space left on device", "df -h", "100%")
    ran.went_on("k8s-master01", "k8s-node02", phase="time-sync")
    assert "ii" not in node.sh("dpkg-query -W -f '${db:Status-Abbrev}' chrony 2>/dev/null; true")
    roomy(node, STATE)
    controller.is_well(phase="time-sync")


@row(29, "no space on /var")
def test_full_var_is_refused_before_anything_is_altered(controller: Controller, node: FaultyHost) -> None:
    scarce(node, "/var")
    before = etc(node)
    ran = controller.run("phase", "preflight", "hosts", expect=1)
    ran.blames(node.name, "KB-PREFLIGHT", "0 MiB free under /var", "nothing was changed")
    ran.went_on("k8s-master01", "k8s-node02", phase="hosts")
    assert etc(node) == before
    roomy(node, "/var")
    controller.is_well(phase="hosts")


@row(29, "no space on /tmp")
def test_full_tmp_is_no_matter(controller: Controller, node: FaultyHost) -> None:
    scarce(node, "/tmp")
    controller.is_well(phase="hosts")
    assert our_temporaries(node) == ""


@row(29, "no space on /run")
def test_full_run_is_named(controller: Controller, node: FaultyHost) -> None:
    is_not_locked(controller, node, inodes=False)


@row(30, "no inodes on /run")
def test_run_without_inodes_is_named(controller: Controller, node: FaultyHost) -> None:
    is_not_locked(controller, node, inodes=True)


def is_not_locked(controller: Controller, node: FaultyHost, *, inodes: bool) -> None:
    """There is no room to say whose host this is: it is left alone."""
    before = etc(node)
    scarce(node, RUN, inodes=inodes)
    ran = controller.run("phase", "hosts", expect=1)
    print(ran.stderr)
    ran.blames(node.name, "KB-COMMAND", "no space left on device", RUN)
    ran.went_on("k8s-master01", "k8s-node02", phase="hosts")
    assert etc(node) == before
    roomy(node, RUN)
    controller.is_well(phase="hosts")


@row(31, "read-only /etc")
def test_read_only_etc_stops_before_anything_is_altered(controller: Controller, node: FaultyHost) -> None:
    before = etc(node), node.sh("uname -n")
    node.undo.callback(writable, node)
    node.sh("mount --bind /etc /etc && mount -o remount,bind,ro /etc")
    ran = controller.run("phase", "preflight", "hosts", expect=1)
    ran.blames(node.name, "KB-COMMAND", "write /etc/hosts", "read-only file system")
    ran.went_on("k8s-master01", "k8s-node02", phase="hosts")
    assert (etc(node), node.sh("uname -n")) == before
    writable(node)
    controller.is_well(phase="hosts")


def writable(host: FaultyHost) -> None:
    host.sh("while grep -q ' /etc ' /proc/mounts; do umount -l /etc || exit 0; done", check=False)


@row(32, "clock an hour off")
def test_wrong_clock_is_refused_before_anything_is_altered(controller: Controller, node: FaultyHost) -> None:
    node.write(
        "/usr/local/sbin/date",
        '#!/bin/sh\n[ "$*" = +%s ] && exec /bin/date -d "now + 1 hour" +%s\nexec /bin/date "$@"\n',
        mode=0o755,
    )
    before = etc(node)
    ran = controller.run("phase", "preflight", "hosts", expect=1)
    ran.blames(
        node.name, "KB-PREFLIGHT", "its clock differs by +3", "s from the other hosts", "nothing was changed"
    )
    ran.went_on("k8s-master01", "k8s-node02", phase="hosts")
    assert etc(node) == before
    node.path("/usr/local/sbin/date").unlink()
    controller.is_well(phase="hosts")
