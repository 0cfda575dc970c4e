"""What an earlier installation left in place of the packages' programs and units."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from fake_cluster import FakeCluster
from inventories import spec
from runs import raise_errors, run

from k8sboot.desired.in_the_way import reads
from k8sboot.phases.preflight import preflight

UNIT = "/etc/systemd/system/kubelet.service"
LEFT = {
    f"unit {UNIT} /usr/local/bin/kubelet": f"{UNIT} wins over the package's unit and starts /usr/local/bin/kubelet",
    "unit /etc/systemd/system/containerd.service /usr/local/bin/containerd": "not /usr/bin/containerd",
    "program /usr/local/bin/kubeadm": "/usr/local/bin/kubeadm wins over the package's kubeadm",
    f"unit {UNIT} /usr/bin/kubelet": "",
    f"unit {UNIT} ": "",
}


@pytest.mark.parametrize("line", LEFT)
def test_a_new_host_on_which_they_would_win_is_refused(bare: FakeCluster, line):
    bare.hosts["n1"].answers["programs-in-the-way"] = line
    told = run(bare, [preflight])
    assert told.errors == ({"n1": "KB-PREFLIGHT"} if LEFT[line] else {})
    if LEFT[line]:
        assert LEFT[line] in told.report.errors["n1"].what


def test_a_member_runs_with_them(finished: FakeCluster):
    finished.hosts["n1"].answers["programs-in-the-way"] = "program /usr/local/bin/kubeadm\n"
    raise_errors(run(finished, [preflight]))


def test_they_are_found_on_a_host(tmp_path: Path):
    for folder in ("etc/systemd/system", "usr/local/bin", "usr/bin", "opt"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "etc/systemd/system/kubelet.service").write_text(
        "[Service]\nExecStartPre=/bin/true\nExecStart=-/opt/kubelet --v=2\nExecStart=/x\n"
    )
    (tmp_path / "etc/systemd/system/docker.service").symlink_to("/dev/null")
    for program in ("usr/bin/kubeadm", "opt/kubeadm"):
        (tmp_path / program).touch(0o755)
    link = tmp_path / "usr/local/bin/kubeadm"
    script = reads(spec()).questions[0].script
    for folder in ("/usr/", "/etc/", "/run/"):
        script = script.replace(f" {folder}", f" {tmp_path}{folder}")
    unit = f"unit {tmp_path}{UNIT} /opt/kubelet"
    for target, found in (("usr/bin/kubeadm", [unit]), ("opt/kubeadm", [unit, f"program {link}"])):
        link.unlink(missing_ok=True)
        link.symlink_to(tmp_path / target)
        done = subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=True)
        assert done.stdout.splitlines() == found
