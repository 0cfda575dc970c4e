"""Ports that a host of the cluster will listen on and that another program has are named before anything is changed."""

from __future__ import annotations

from dataclasses import replace

import pytest
from fake_cluster import FakeCluster
from inventories import spec
from runs import run

from k8sboot.inventory.model import KubeadmPatches, NetworkSettings, Spec
from k8sboot.phases.preflight import preflight

NGINX = 'users:(("nginx",pid=7,fd=3))'


def refused(cluster: FakeCluster, wanted: Spec, listener: str, host: str = "n1") -> str:
    """Why that host is refused where nginx listens, '' if it is not."""
    cluster.spec = wanted
    cluster.hosts[host].facts["listening"] = f"LISTEN 0 4 {listener} 0.0.0.0:* {NGINX}\n"
    errors = run(cluster, [preflight]).report.errors
    return errors[host].what if host in errors else ""


@pytest.mark.parametrize(
    ("listener", "what"),
    [
        ("127.0.0.1:10248", "kubelet"),
        ("0.0.0.0:10249", "kube-proxy"),
        ("192.0.2.9:10256", "kube-proxy"),
        ("[::]:179", "Calico's BGP"),
        ("*:9099", "Calico's Felix"),
    ],
)
def test_a_port_that_kubeadm_does_not_check_is_refused(bare: FakeCluster, listener, what):
    port = listener.rpartition(":")[2]
    assert f"port {port} is taken by nginx (pid 7), and {what} needs it" in refused(bare, spec(), listener)


@pytest.mark.parametrize(
    ("listener", "settings"),
    [
        ("192.0.2.9:10249", {}),
        ("*:10257", {}),
        ("*:1790", {}),
        ("*:179", {"network": NetworkSettings(plugin="none")}),
        ("*:9099", {"network": NetworkSettings(plugin="none")}),
        ("*:179", {"calico": replace(spec().calico, encapsulation="vxlan")}),
        ("*:10248", {"kubeadm": KubeadmPatches(kubelet_configuration={"healthzPort": 10348})}),
        ("*:10249", {"kubeadm": KubeadmPatches(kube_proxy_configuration={"metricsBindAddress": "[::1]:1"})}),
        ("*:10256", {"kubeadm": KubeadmPatches(init_configuration={"skipPhases": ["addon/kube-proxy"]})}),
    ],
)
def test_a_port_that_nothing_of_the_cluster_needs_there_may_be_taken(bare: FakeCluster, listener, settings):
    assert refused(bare, spec(**settings), listener) == ""


def test_members_listen_themselves(finished: FakeCluster):
    assert refused(finished, spec(), "*:10249") == ""
