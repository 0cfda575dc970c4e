"""Mounts below the directories that a reset empties, read and unmounted by the shells of both families.

Not by busybox: its shell prefers its own find, realpath and rm, which no host of ours has.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from k8sboot.kubernetes.mounts import parse
from k8sboot.scripts import render

IN_SHELLS = pytest.mark.parametrize(
    "shell",
    [
        pytest.param(w, id=w[0], marks=pytest.mark.skipif(not shutil.which(w[0]), reason=f"no {w[0]}"))
        for w in (["dash"], ["bash", "--posix"])
    ],
)
POD = "/var/lib/kubelet/pods/u-1"
OWN = f"""\
1 0 8:1 / / rw shared:1 - ext4 /dev/sda1 rw
2 1 8:2 / /var/lib/kubelet rw - ext4 /dev/sda2 rw
3 2 0:9 / {POD}/volumes/kubernetes.io~secret/token rw - tmpfs tmpfs rw
4 2 0:9 / {POD}/volumes/kubernetes.io~projected/api rw shared:3 - tmpfs tmpfs rw
5 2 0:9 / {POD}/volumes/kubernetes.io~empty-dir/memory rw - tmpfs tmpfs rw
6 1 8:3 / /var/lib/etcd rw - ext4 /dev/sdb1 rw
7 6 8:4 / /var/lib/etcd/member/wal rw - ext4 /dev/sdc1 rw
8 1 8:4 / /var/lib/kubelet-backup/x rw - ext4 /dev/sdc1 rw
"""
DATA = f"""\
10 2 8:5 /disk\\0401 {POD}/volumes/kubernetes.io~local-volume/d rw shared:2 master:1 - ext4 /dev/sdd rw
11 10 0:8 / {POD}/volumes/kubernetes.io~local-volume/d/a\\040b rw - nfs4 nas:/x rw
12 2 0:9 / {POD}/volume-subpaths/token/app/0 rw - tmpfs tmpfs rw
13 2 0:9 / /var/lib/kubelet/plugins/kubernetes.io/csi/pv/p/globalmount rw - tmpfs tmpfs rw
14 6 8:6 / /var/lib/etcd/backup rw - xfs /dev/sde rw
"""
FOUND = [
    (f"{POD}/volumes/kubernetes.io~local-volume/d/a b", "nfs4", "nas:/x"),
    (f"{POD}/volumes/kubernetes.io~local-volume/d", "ext4", "/dev/sdd[/disk 1]"),
    (f"{POD}/volume-subpaths/token/app/0", "tmpfs", "tmpfs"),
    ("/var/lib/kubelet/plugins/kubernetes.io/csi/pv/p/globalmount", "tmpfs", "tmpfs"),
    ("/var/lib/etcd/backup", "xfs", "/dev/sde"),
]


def run(shell: list[str], script: str, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*shell, "-c", script, "script", *words], capture_output=True, text=True, timeout=60, check=False
    )


def script(name: str, mountinfo: Path, *, emptied: str = "/var/lib/kubelet /var/lib/etcd") -> str:
    text = render(name, EMPTIED=emptied)
    assert "/proc/self/mountinfo" in text
    return text.replace("/proc/self/mountinfo", str(mountinfo))


@IN_SHELLS
def test_mounts_are_found_the_deepest_first(shell, tmp_path):
    (tmp_path / "mountinfo").write_text(OWN + DATA)
    done = run(shell, script("volume-mounts", tmp_path / "mountinfo"))
    assert done.returncode == 0, done.stderr
    assert [(m.path, m.kind, m.source) for m in parse(done.stdout)] == FOUND
    assert run(shell, script("nothing-mounted", tmp_path / "mountinfo")).returncode == 1


@IN_SHELLS
def test_what_is_kubelets_own_or_etcds_or_stands_above_is_none(shell, tmp_path):
    (tmp_path / "mountinfo").write_text(OWN)
    assert run(shell, script("volume-mounts", tmp_path / "mountinfo")).stdout == ""
    assert run(shell, script("nothing-mounted", tmp_path / "mountinfo")).returncode == 0


@IN_SHELLS
def test_a_directory_behind_a_link_is_found_where_it_is(shell, tmp_path):
    (tmp_path / "link").symlink_to("/data/my kubelet")
    (tmp_path / "mountinfo").write_text("5 1 8:1 / /data/my\\040kubelet/pods rw - ext4 /dev/sdb rw\n")
    done = run(shell, script("volume-mounts", tmp_path / "mountinfo", emptied=str(tmp_path / "link")))
    assert done.stdout == "ext4 /dev/sdb /data/my\\040kubelet/pods\n"


@IN_SHELLS
@pytest.mark.parametrize("name", ["volume-mounts", "nothing-mounted"])
def test_mounts_that_cannot_be_read_are_not_taken_for_none(shell, tmp_path, name):
    assert run(shell, script(name, tmp_path / "none")).returncode != 0


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting needs root")
@IN_SHELLS
def test_mounts_are_undone_but_for_one_in_use_whose_process_is_named(shell, tmp_path):
    """In a mount namespace of the test's."""
    root, data = tmp_path / "kubelet", tmp_path / "data"
    for folder in (root / "pods/u/volumes/x/a b", root / "pods/u/volumes/y", root / "pods/u/volumes/z", data):
        folder.mkdir(parents=True)
    (data / "db").write_text("years")
    inner = f"""
    cd {root}/pods/u/volumes
    mount --bind {data} x; mkdir -p "x/a b"; mount -t tmpfs none "x/a b"; mount --bind {data} y
    sleep 60 < y/db & user=$!
    cd /
    {shlex_run(shell, "volume-mounts", root)}
    {shlex_run(shell, "unmount", root)}
    echo == ; grep -o '{root}[^ ]*' /proc/self/mountinfo
    kill $user; wait $user 2>/dev/null
    {shlex_run(shell, "unmount", root)}
    {shlex_run(shell, "nothing-mounted", root)} && echo nothing
    """
    done = subprocess.run(
        ["unshare", "-m", "--propagation", "private", "bash", "-c", inner],
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    seen, after = done.stdout.split("==\n")
    (used,) = [mount for mount in parse(seen) if mount.users]
    assert used.path == f"{root}/pods/u/volumes/y", done.stderr
    assert used.users[0].endswith(" sleep")
    assert after.split() == [f"{root}/pods/u/volumes/y", "nothing"], done.stderr
    assert (data / "db").read_text() == "years"


def shlex_run(shell: list[str], name: str, root: Path) -> str:
    (root.parent / name).write_text(render(name, EMPTIED=str(root)))
    return " ".join([*shell, str(root.parent / name)])


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting needs root")
@IN_SHELLS
def test_a_mount_point_is_emptied_and_stays_and_what_is_mounted_below_is_not_touched(shell, tmp_path):
    plain, disk = tmp_path / "plain", tmp_path / "disk"
    for folder in (plain / "sub", disk):
        folder.mkdir(parents=True)
    (plain / "file").touch()
    (tmp_path / "script").write_text(render("remove"))
    inner = f"""
    mount -t tmpfs none {disk}; mkdir -p {disk}/snap {disk}/other; touch {disk}/snap/db
    {" ".join(shell)} {tmp_path}/script {plain} {disk} {tmp_path}/none || echo failed
    ls -A {disk}; mountpoint -q {disk} && echo stays
    mount -t tmpfs none {plain} 2>/dev/null && echo there
    mkdir {disk}/other; mount -t tmpfs none {disk}/other; touch {disk}/other/data
    {" ".join(shell)} {tmp_path}/script {disk} 2>/dev/null || echo refused; ls {disk}/other
    """
    done = subprocess.run(
        ["unshare", "-m", "--propagation", "private", "bash", "-c", inner],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.stdout.split() == ["stays", "refused", "data"], done.stderr
