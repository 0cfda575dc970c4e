"""Three masters, of which one is switched off, or reset and brought back: the cluster lives on, and `status` tells."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

import pytest
from faultcertificates import expired
from faulthosts import until
from faultrows import row
from faultward import Ward
from on_lab import Lab, brought_up
from summaries import changed

pytestmark = [pytest.mark.slow, pytest.mark.timeout(3600)]
MASTERS = ("k8s-master01", "k8s-master02", "k8s-master03")
ALL = (*MASTERS, "k8s-node01")
UP = ("up", "--yes")


@pytest.fixture(scope="module")
def cluster(
    request: pytest.FixtureRequest, ward: Ward, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Lab]:
    """A cluster with three masters, in a lab of its own beside the other one."""
    state = tmp_path_factory.mktemp("masters")
    of = {name: request.config.getoption(f"--{name}") for name in ("family", "kubernetes")}
    with brought_up(f"{ward.lab.name}-m", state, **of, hosts=len(ALL), masters=3) as lab:
        lab.run(*UP)
        lab.wait_for_ready(ALL)
        yield lab


def etcd_members(lab: Lab) -> set[str]:
    """The names of etcd's members, as etcd tells."""
    pki = "/etc/kubernetes/pki/etcd"
    keys = ("--cacert", f"{pki}/ca.crt", "--cert", f"{pki}/server.crt", "--key", f"{pki}/server.key")
    listed = lab.kubectl(
        "-n", "kube-system", "exec", f"etcd-{MASTERS[0]}", "--", "etcdctl", *keys, "member", "list"
    )
    return {line.split(", ")[2] for line in listed.splitlines()}


def is_whole(lab: Lab) -> None:
    """All are Ready, etcd has three members, nothing is left to do and no token is left."""
    lab.wait_for_ready(ALL)
    assert changed(lab.run(*UP).stderr) == 0
    assert etcd_members(lab) == set(MASTERS)
    assert "k8sboot: join" not in lab.run("token", "list").stdout


@row(61, "one of three masters is switched off under a running cluster")
def test_one_of_three_masters_is_switched_off(cluster: Lab) -> None:
    is_whole(cluster)
    off, others = MASTERS[1], [name for name in ALL if name != MASTERS[1]]
    before = cluster.fingerprints(others)
    cluster.control("kill", off)
    ran = cluster.run(*UP, expect=3)
    assert f"error[KB-SSH-UNREACHABLE] {off}" in ran.stderr
    assert changed(ran.stderr) == 0
    assert cluster.fingerprints(others) == before
    until(lambda: off not in cluster.ready_nodes(), f"{off} to be missed", within=120)
    assert set(others) <= cluster.ready_nodes(), "two of three are a majority"
    cluster.control("start", off)
    is_whole(cluster)


@row(61, "one of three masters is reset and comes back")
def test_one_of_three_masters_is_reset_and_comes_back(cluster: Lab) -> None:
    gone = MASTERS[2]
    cluster.run("reset", "--limit", gone, "--yes")
    assert etcd_members(cluster) == {*MASTERS} - {gone}
    assert gone not in cluster.kubectl("get", "nodes")
    cluster.run(*UP)
    is_whole(cluster)


@row(61, "one of three masters is lost, and replaced by a bare machine")
def test_one_of_three_masters_is_lost_and_replaced(cluster: Lab) -> None:
    lost = MASTERS[1]
    cluster.control("reset", lost)
    until(lambda: lost not in cluster.ready_nodes(), f"{lost} to be missed", within=120)
    ran = cluster.run(*UP)
    assert f"remove {lost} from etcd" in ran.stderr
    is_whole(cluster)


def status(lab: Lab, *, expect: int = 0) -> dict[str, Any]:
    """What `status` tells, within the times that its waits have; every host's disk stays as it is."""
    began = time.monotonic()
    found: dict[str, Any] = json.loads(lab.run("status", "-o", "json", expect=expect).stdout)
    assert time.monotonic() - began < 90
    return found


def problems(found: dict[str, Any]) -> set[tuple[str, str]]:
    """Codes and hosts."""
    return {(each["code"], each["host"]) for each in found["problems"]}


def until_healthy(lab: Lab) -> None:
    """Wait for it."""

    def healthy() -> bool:
        try:
            return bool(status(lab)["healthy"])
        except AssertionError:
            return False

    until(healthy, "a healthy cluster", within=400)


@row(124, "status with one of three masters off, then with two")
def test_status_names_the_dead_masters_and_a_lost_quorum(cluster: Lab) -> None:
    until_healthy(cluster)
    with cluster.unwritten(ALL):
        assert {m["state"] for m in status(cluster)["etcd"]["members"]} == {"leader", "follower"}
    first, second, third = MASTERS
    cluster.control("kill", first)
    found = status(cluster, expect=1)
    assert {("KB-SSH-UNREACHABLE", first), ("KB-ETCD-MEMBER", first)} <= problems(found)
    assert found["answeredBy"] in (second, third), "although the endpoint is the first master"
    assert found["etcd"]["hasQuorum"] is True
    cluster.control("kill", second)
    until(
        lambda: status(cluster, expect=1)["etcd"]["hasQuorum"] is False, "the quorum to be missed", within=60
    )
    found = status(cluster, expect=1)
    assert {("KB-SSH-UNREACHABLE", first), ("KB-SSH-UNREACHABLE", second)} <= problems(found)
    assert "KB-ETCD-NO-QUORUM" in {code for code, _ in problems(found)}
    assert found["answeredBy"] is None
    assert found["nodes"][3]["kubeletUnit"] == "active"
    text = cluster.run("status", expect=1).stdout
    assert "etcd has no quorum: 1 of 3 members respond, 2 are needed" in text
    cluster.control("start", first, second)
    until_healthy(cluster)


@row(125, "status with expired certificates on a master")
def test_status_names_an_expired_certificate_and_waits_for_nothing(cluster: Lab) -> None:
    until_healthy(cluster)
    path = "/etc/kubernetes/pki/apiserver.crt"
    script = f'cp -a {path} /root/kept.crt; printf %s "$0" > {path}'
    cluster.ssh(MASTERS[2], "sh", "-c", script, expired())
    try:
        found = status(cluster, expect=1)
        assert ("KB-CERTIFICATE-EXPIRED", MASTERS[2]) in problems(found)
        assert found["answeredBy"] in MASTERS
        assert min(each["daysLeft"] for each in found["certificates"]) < 0
    finally:
        cluster.ssh(MASTERS[2], "sh", "-c", f"cp -a /root/kept.crt {path}; rm -f /root/kept.crt")
    until_healthy(cluster)


@row(126, "status while kubelet is stopped on a node")
def test_status_names_a_stopped_kubelet_before_the_cluster_notices(cluster: Lab) -> None:
    until_healthy(cluster)
    node = ALL[3]
    cluster.ssh(node, "systemctl", "stop", "kubelet")
    try:
        found = status(cluster, expect=1)
        assert problems(found) == {("KB-KUBELET-DOWN", node)}
        until(lambda: node not in cluster.ready_nodes(), f"{node} to be missed", within=120)
        found = status(cluster, expect=1)
        assert {("KB-KUBELET-DOWN", node), ("KB-NODE-SILENT", node)} <= problems(found)
        assert found["nodes"][3]["reason"] == "Kubelet stopped posting node status."
    finally:
        cluster.ssh(node, "systemctl", "start", "kubelet")
    until_healthy(cluster)
