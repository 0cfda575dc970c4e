"""Rows 105 to 109: what the inventory says of a cluster that lives, and the cluster has otherwise."""

from __future__ import annotations

import json
from typing import Any

import pytest
from faultclusters import LONG, UP
from faulthosts import FaultyHost
from faultrows import row
from faultruns import Controller
from on_lab import HOSTS
from summaries import changed

pytestmark = [pytest.mark.slow, pytest.mark.timeout(3600)]
MASTER, NODE, OTHER = HOSTS
KUBECTL = "kubectl --kubeconfig /etc/kubernetes/admin.conf --namespace kube-system"


def saying(controller: Controller, section: str, **values: Any) -> None:
    """Set keys of a section of the inventory."""
    controller.spec[section] = {**controller.spec.get(section, {}), **values}


def patch(controller: Controller, kind: str, **fields: Any) -> None:
    """Set fields of one of kubeadm's documents in the inventory."""
    sections = controller.spec.get("kubeadm", {})
    saying(controller, "kubeadm", **{kind: {**sections.get(kind, {}), **fields}})


@row(105, "kubelet's and the control plane's configuration change in the inventory")
def test_what_the_cluster_has_otherwise_is_told_in_every_run_and_not_changed(cluster: Controller) -> None:
    assert cluster.run("plan", "--exit-code", within=LONG).code == 0
    patch(cluster, "kubeletConfiguration", maxPods=77)
    patch(cluster, "clusterConfiguration", apiServer={"extraArgs": {"profiling": "false"}})
    flag = "kubeadm.clusterConfiguration.apiServer.extraArgs.profiling"
    for _ in "12":
        plan = json.loads(cluster.run("plan", "--exit-code", "-o", "json", expect=6, within=LONG).stdout)
        assert plan["summary"]["changes"] == 0
        told = {(each["key"], each["where"].rpartition("/")[2]): each for each in plan["differs"]}
        assert told["kubeadm.kubeletConfiguration.maxPods", "config.yaml"]["hosts"] == list(HOSTS)
        assert told["kubeadm.kubeletConfiguration.maxPods", "config.yaml"]["inventory"] == "77"
        assert told[flag, "kube-apiserver.yaml"]["hosts"] == [MASTER]
        assert (flag, "ConfigMap kubeadm-config") in told
        assert len(told) == 4
    ran = cluster.run(*UP, within=LONG)
    assert changed(ran.stderr) == 0
    assert {event["key"] for event in ran.of("Differs")} == {key for key, _ in told}


@row(106, "the inventory no longer sets keys of a running cluster")
def test_what_is_not_set_keeps_what_the_cluster_has(cluster: Controller) -> None:
    for key in ("imageRepository", "podSubnet", "serviceSubnet"):
        cluster.spec["cluster"].pop(key, None)
    cluster.spec.pop("kubeProxy", None)
    assert cluster.run("plan", "--exit-code", within=LONG).code == 0
    assert changed(cluster.run(*UP, within=LONG).stderr) == 0


@row(107, "a name in certSANs that the API server's certificate does not have")
def test_a_name_that_the_certificate_lacks_is_refused_before_anything_changes(cluster: Controller) -> None:
    saying(cluster, "cluster", certSANs=["lb.example.com"])
    saying(cluster, "os", timezone="Etc/UTC")
    for words in (("plan",), UP):
        ran = cluster.run(*words, expect=1, within=LONG)
        ran.blames(MASTER, "KB-CERT-SANS", "lb.example.com", "10.96.0.1", "explain KB-CERT-SANS")
        assert not ran.of("Changing")


@row(108, "kube-proxy's free fields change on a running cluster")
def test_fields_of_kube_proxy_reach_the_cluster(cluster: Controller, master: FaultyHost) -> None:
    patch(cluster, "kubeProxyConfiguration", iptables={"syncPeriod": "45s"})
    assert "set kube-proxy's configuration" in cluster.run("plan", within=LONG).stdout
    assert changed(cluster.run(*UP, within=LONG).stderr) == 1
    assert "syncPeriod: 45s" in master.sh(f"{KUBECTL} get configmap kube-proxy -o yaml")
    patch(cluster, "kubeProxyConfiguration", iptables={"syncPeriod": "0m45s"})
    assert changed(cluster.run(*UP, within=LONG).stderr) == 0


@row(109, "calico, metrics-server and the clock's daemon are switched off in the inventory")
def test_what_is_switched_off_stays_and_is_told(cluster: Controller) -> None:
    saying(cluster, "calico", enabled=False)
    saying(cluster, "metricsServer", enabled=False)
    saying(cluster, "os", timeSync="none")
    ran = cluster.run(*UP, within=LONG)
    told = [event for event in ran.of("Notice") if event["code"] == "KB-NOT-REMOVED"]
    assert len(told) == 2 + len(HOSTS)
    assert changed(ran.stderr) == 0
