"""Row 61 with three masters: one is switched off, or reset and brought back, and the cluster lives on."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
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
