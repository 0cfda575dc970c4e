"""Evidence recorded on real hosts, on which kubeadm 1.20.2 with Docker, and 1.37.2 with containerd, were made to fail.

Of the logs only the end is kept, as it came. The words of kubeadm say less than its evidence in most of them.
"""

from __future__ import annotations

import pytest
from cures import faults_of
from recordings import RECORDED, look, read

CASES = {
    "pause-image-refused": ("KB-IMAGE-SANDBOX", "10.77.3.1:5999/pause:3.2", "connection refused"),
    "pause-image-dns": ("KB-IMAGE-SANDBOX", "k8s.gcr.io/pause:3.2", "does not resolve"),
    "swap-in-preflight": ("KB-SWAP", "/dev/dm-1"),
    "swap-after-preflight": ("KB-SWAP", "/dev/dm-1"),
    "port-in-preflight": ("KB-PORT-BUSY", "port 10259", "socat (pid 10860)"),
    "port-after-preflight": ("KB-PORT-BUSY", "port 6443", "socat"),
    "etcd-disk-full": ("KB-DISK-FULL", "for etcd in /var/lib/etcd"),
    "etcd-read-only": ("KB-ETCD-DATA", "read-only file system"),
    "etcd-foreign-data": ("KB-ETCD-DATA", "invalid database"),
    "cgroup-drivers": ("KB-CGROUP-MISMATCH", "kubelet uses the cgroup driver systemd, Docker cgroupfs"),
    "kubelet-flag": ("KB-KUBELET-FLAG", "--no-such-flag"),
    "kubelet-config": ("KB-KUBELET-CONFIG", "/var/lib/kubelet/config.yaml", "MaxPods"),
    "apiserver-flag": ("KB-CONTROL-PLANE-FLAG", "kube-apiserver", "--no-such-flag"),
    "docker-stopped": ("KB-RUNTIME-DOWN", "inactive"),
    "docker-stopped-later": ("KB-RUNTIME-DOWN", "inactive"),
    "daemon-json": ("KB-DAEMON-JSON", "/etc/docker/daemon.json", "invalid character ']'"),
    "leftovers": ("KB-STALE-CLUSTER", "kube-apiserver.yaml, /var/lib/etcd"),
    "registry-refused": ("KB-REGISTRY-UNREACHABLE", "10.77.3.1:5999/coredns:1.7.0", "refused"),
    "image-unknown": ("KB-IMAGE-UNKNOWN", "10.77.3.1:5000/nowhere/coredns:1.7.0", "manifest unknown"),
    "no-calico-yet": ("KB-CNI-MISSING", "k8s-master01", "/etc/cni/net.d on this machine is empty"),
    "join-token-unknown": ("KB-TOKEN-EXPIRED", "abcdef"),
    "join-other-ca": ("KB-CA-MISMATCH", "sha256:"),
    "containerd-cri-disabled": (
        "KB-CRI-MISSING",
        "disabled_plugins in /etc/containerd/config.toml names its CRI",
    ),
    "containerd-config-version": ("KB-CONTAINERD-CONFIG", "equal to or less than `4`, got `9`"),
    "containerd-snapshotter": ("KB-SNAPSHOTTER", "no snapshotter nope"),
    "containerd-runc-missing": ("KB-RUNC-MISSING", "the program runc is not installed"),
    "scheduler-exits": ("KB-CONTAINER-EXITED", "kube-scheduler", "open /nonexistent/x.crt: no such file"),
    "coredns-loop": ("KB-DNS-LOOP", "asks itself (127.0.0.1:37714 -> :53)"),
    "containerd-pause-image": ("KB-IMAGE-SANDBOX", "registry.k8s.io/pause:9.9", "does not have it"),
    "kubelet-flag-gone": ("KB-KUBELET-FLAG", "--pod-infra-container-image went in Kubernetes 1.35"),
    "etcd-learner": ("KB-ETCD-LEARNER", "the etcd member 756561195e8cbd5f is not started"),
    "etcd-learner-read-only": ("KB-ETCD-DATA", "open /var/lib/etcd/.touch: read-only file system"),
    "join-token-revoked": ("KB-TOKEN-EXPIRED", "gdwibf"),
    "join-ca-replaced": ("KB-CA-MISMATCH", "sha256:"),
    "join-endpoint-refused": ("KB-ENDPOINT-UNREACHABLE", "10.77.3.11:6444", "refused"),
}


@pytest.mark.parametrize("name", CASES)
def test_the_cause_is_found_and_names_what_was_seen(name: str):
    code, *words = CASES[name]
    best = look(read(name))[0]
    assert best.code == code
    for word in words:
        assert word in best.cause
    assert faults_of(best.cure) == []


@pytest.mark.parametrize("name", [name for name in CASES if "preflight" not in name and "join" not in name])
def test_a_machine_that_runs_well_again_is_not_accused_of_what_its_log_tells(name: str):
    """The same logs, and a state in which all that they complain of is over."""
    now = read("healthy")
    past = {k: v for k, v in read(name).items() if k in ("kubelet-errors", "runtime-errors")}
    assert (
        {f.code for f in look({**now, **past, "kubelet-errors": past.get("kubelet-errors", "") + RUNS})}
        <= {"KB-IMAGE-SANDBOX", "KB-RUNC-MISSING", "KB-SNAPSHOTTER"}
        # kubelet tries again every quarter of a minute, and its log tells of the last time
    )


RUNS = "\nE1124 23:42:28.217575   14166 server.go:1165] Failed to set rlimit on max file handles: not permitted\n"


def test_a_healthy_machine_is_accused_of_nothing():
    assert look(read("healthy")) == ()


def test_every_recording_has_its_case():
    assert {path.stem for path in RECORDED.glob("*.txt")} == {*CASES, "healthy"}
