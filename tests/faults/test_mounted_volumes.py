"""Rows 72 to 74, in this order: volumes that are mounted where a reset deletes, and an etcd on a disk of its own."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from faultclusters import LONG
from faulthosts import FaultyHost
from faultpast import as_left, controller_of
from faultrows import row
from faultruns import Controller
from faultward import Ward
from on_lab import HOSTS
from summaries import changed

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]
MASTER = HOSTS[0]
MARK = "/var/lib/k8sboot/kubeadm-unfinished"
POD = "/var/lib/kubelet/pods/0f3c2b1a-7a1e-4d2b-9d70-1c2d3e4f5a6b"
VOLUME = f"{POD}/volumes/kubernetes.io~local-volume/data"
SUBPATH = f"{POD}/volume-subpaths/data/app/0"
SECRET = f"{POD}/volumes/kubernetes.io~secret/token"
STAGED = "/var/lib/kubelet/plugins/kubernetes.io/csi/pv/a pv/globalmount"
SHARE = "/srv/nas share"
"""A bind mount of it stands in for a network volume that a CSI driver has staged: this kernel has no NFS."""


@pytest.fixture(scope="module")
def controller(ward: Ward, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Controller]:
    """The master alone, with its packages, images and no cluster."""
    with controller_of(ward, tmp_path_factory.mktemp("volumes"), MASTER) as made:
        made.run("up", "--yes", "--to", "images", within=LONG)
        yield made


@pytest.fixture
def master(ward: Ward) -> Iterator[FaultyHost]:
    """As the test before has left it, but for mounts."""
    with as_left(ward, MASTER) as found:
        yield found


def disk(host: FaultyHost, folder: Path, at: str) -> None:
    """A file of this machine as a disk with ext4, mounted on the host."""
    image = folder / f"disk{len(list(folder.iterdir()))}"
    host.outside("truncate", "-s", "512M", str(image))
    host.outside("mkfs.ext4", "-q", str(image))
    loop = host.outside("losetup", "-f", "--show", str(image)).strip()
    host.undo.callback(subprocess.run, ["losetup", "-d", loop], check=False)
    attach(host, loop, at)


def attach(host: FaultyHost, loop: str, at: str) -> None:
    """Mount a device from outside: the host may not. Its device cgroup holds for its own processes alone."""
    described = json.loads(host.lab.control("status", "--json"))["hosts"]
    (leader,) = [str(each["leader"]) for each in described if each["name"] == host.name]
    number = loop.removeprefix("/dev/loop")
    host.undo.callback(host.sh, f"umount -l '{at}'; rm -f {loop}", check=False)
    script = f"[ -e {loop} ] || mknod {loop} b 7 {number}; mkdir -p '{at}'; mount -t ext4 {loop} '{at}'"
    host.outside("nsenter", "-t", leader, "-m", "--", "sh", "-c", script)


def mount_volumes(host: FaultyHost, folder: Path) -> None:
    """What a pod with a local volume, a subPath of it and a secret has mounted, and what a CSI driver has."""
    disk(host, folder, VOLUME)
    host.undo.callback(host.sh, f"umount -l '{STAGED}' '{SUBPATH}' {SECRET}; rm -rf '{SHARE}'", check=False)
    host.sh(
        f"mkdir -p '{SHARE}' '{STAGED}' {SUBPATH} {SECRET} {VOLUME}/sub\n"
        f"echo years > {VOLUME}/sub/db; echo shared > '{SHARE}/file'\n"
        f"mount --bind '{SHARE}' '{STAGED}'; mount --bind {VOLUME}/sub {SUBPATH}\n"
        f"mount -t tmpfs tmpfs {SECRET}; echo secret > {SECRET}/token"
    )


def use(host: FaultyHost, folder: str) -> None:
    """A process of the host's works there."""
    host.undo.callback(leave, host)
    host.sh(f"cd '{folder}' && systemd-run -q --unit fault-backup -p WorkingDirectory='{folder}' sleep 9999")


def leave(host: FaultyHost) -> None:
    """It has ended."""
    host.sh("systemctl stop fault-backup; systemctl reset-failed fault-backup", check=False)


def mounts(host: FaultyHost) -> set[str]:
    """What is mounted below /var/lib/kubelet."""
    lines = host.sh("findmnt -rno TARGET | grep /var/lib/kubelet/; true").splitlines()
    return {line.replace("\\x20", " ") for line in lines}


def has_its_data(host: FaultyHost, folder: Path) -> None:
    """The files of both volumes are where they came from."""
    assert host.sh(f"cat '{SHARE}/file'") == "shared\n"
    (image,) = [path for path in folder.iterdir() if path.name == "disk0"]
    said = subprocess.run(
        ["debugfs", "-R", "cat /sub/db", str(image)], capture_output=True, text=True, check=True
    )
    assert said.stdout == "years\n"


@row(72, "a volume is still mounted below /var/lib/kubelet")
def test_reset_keeps_the_files_of_volumes_that_are_mounted(
    controller: Controller, master: FaultyHost, tmp_path: Path
) -> None:
    master.sh(f"mkdir -p /var/lib/k8sboot; touch {MARK}")
    mount_volumes(master, tmp_path)
    use(master, VOLUME)
    for words in (["--dry-run"], ["--yes"]):
        ran = controller.run("reset", *words, expect=1)
        ran.blames(MASTER, "KB-VOLUME-MOUNTED", VOLUME, "ext4 on /dev/loop", "sleep (pid ", "run again")
        assert ran.of("Changing") == []
    assert mounts(master) == {VOLUME, SUBPATH, SECRET, STAGED}
    leave(master)
    planned = controller.run("reset", "--dry-run")
    for path in (VOLUME, SUBPATH, STAGED):
        assert any(path in event["diff"] for event in planned.of("Changed"))
    assert SECRET not in str(planned.of("Changed"))
    ran = controller.run("reset", "--yes", within=600)
    assert [e["what"] for e in ran.of("Changed")] == ["unmount volumes", "take Kubernetes off the machine"]
    assert mounts(master) == set()
    assert master.sh("ls -A /var/lib/kubelet") == ""
    has_its_data(master, tmp_path)
    assert changed(controller.run("reset", "--yes").stderr) == 0


@row(73, "a volume is mounted where `up` undoes an unfinished init")
def test_unfinished_init_is_undone_only_without_volumes(
    controller: Controller, master: FaultyHost, tmp_path: Path
) -> None:
    master.sh(f"mkdir -p /var/lib/k8sboot; touch {MARK}")
    mount_volumes(master, tmp_path)
    use(master, STAGED)
    ran = controller.run("up", "--yes", "--to", "kubeadm-init", expect=1, within=600)
    ran.blames(MASTER, "KB-VOLUME-MOUNTED", STAGED, "sleep (pid ")
    assert [e for e in ran.of("Changing") if e["phase"] == "kubeadm-init"] == []
    leave(master)
    ran = controller.run("up", "--yes", "--to", "kubeadm-init", within=LONG)
    done = [e["what"] for e in ran.of("Changed", MASTER) if e["phase"] == "kubeadm-init"]
    assert done == ["unmount volumes", "undo an unfinished kubeadm", "kubeadm init"]
    has_its_data(master, tmp_path)
    controller.run("reset", "--yes", within=600)


@row(74, "/var/lib/etcd is a disk of its own")
def test_disk_of_etcd_stays_mounted_and_is_emptied(
    controller: Controller, master: FaultyHost, tmp_path: Path
) -> None:
    disk(master, tmp_path, "/var/lib/etcd")
    master.sh("rmdir /var/lib/etcd/lost+found")
    controller.run("up", "--yes", "--to", "kubeadm-init", within=LONG)
    assert master.sh("ls /var/lib/etcd") == "member\n"
    ran = controller.run("reset", "--yes", within=600)
    assert [e["what"] for e in ran.of("Changed")] == ["take Kubernetes off the machine"]
    assert master.sh("mountpoint -q /var/lib/etcd && ls -A /var/lib/etcd") == ""
    assert changed(controller.run("reset", "--yes").stderr) == 0
    controller.run("up", "--yes", "--to", "kubeadm-init", within=LONG)
    assert master.sh("mountpoint -q /var/lib/etcd && ls /var/lib/etcd") == "member\n"
