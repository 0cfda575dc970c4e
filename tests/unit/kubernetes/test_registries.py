"""Where CoreDNS is: in registry.k8s.io it has a folder, which the first patches of some kubeadm do not know."""

from __future__ import annotations

import pytest
from fake_cluster import FakeCluster
from inventories import spec
from runs import raise_errors, run
from yaml_texts import by_kind

from k8sboot.inventory.model import ClusterSettings
from k8sboot.kubernetes.registries import (
    ALIYUN,
    UPSTREAM,
    dns_repository,
    in_folder,
    registry_of,
    with_dns_repository,
)
from k8sboot.kubernetes.release_table import RELEASES
from k8sboot.kubernetes.versions import KubernetesVersion
from k8sboot.runbook import UP


@pytest.mark.parametrize("row", RELEASES, ids=lambda row: row.name)
def test_the_folder_is_said_only_where_kubeadm_may_not_know_it(row):
    version = KubernetesVersion.parse(row.newest)
    found = dns_repository(version, UPSTREAM)
    assert found == (f"{UPSTREAM}/coredns" if 21 <= row.minor <= 24 else "")
    assert dns_repository(version, ALIYUN) == dns_repository(version, "registry.lan:5000") == ""


@pytest.mark.parametrize("listed", [f"{UPSTREAM}/coredns:v1.8.6", f"{UPSTREAM}/coredns/coredns:v1.8.6"])
def test_the_list_of_kubeadm_is_put_right(listed):
    version = KubernetesVersion.parse("v1.24.6")
    images = ["registry.k8s.io/pause:3.7", listed]
    assert with_dns_repository(images, version, UPSTREAM) == [images[0], f"{UPSTREAM}/coredns/coredns:v1.8.6"]
    newer = KubernetesVersion.parse("v1.37.2")
    assert with_dns_repository(images, newer, UPSTREAM) == images


def test_a_project_has_its_folder_upstream_only():
    assert in_folder(UPSTREAM, "metrics-server") == f"{UPSTREAM}/metrics-server"
    assert in_folder(ALIYUN, "metrics-server") == ALIYUN


def test_only_aliyun_has_images():
    assert {name: registry_of(name) for name in ("upstream", "aliyun", "ustc", "tuna")} == {
        **dict.fromkeys(("upstream", "ustc", "tuna"), UPSTREAM),
        "aliyun": ALIYUN,
    }


@pytest.mark.parametrize(
    ("repository", "dns"), [(UPSTREAM, {"imageRepository": f"{UPSTREAM}/coredns"}), (ALIYUN, {})]
)
def test_a_new_cluster_of_1_23_gets_the_folder(clock, repository, dns):
    wanted = ClusterSettings(
        control_plane_endpoint="192.0.2.1:6443", kubernetes_version="v1.23.17", image_repository=repository
    )
    cluster = FakeCluster(spec(nodes=0, cluster=wanted))
    raise_errors(run(cluster, UP))
    text = cluster.hosts["m1"].text("/etc/kubernetes/k8sboot/kubeadm-config.yaml")
    assert by_kind(text)["ClusterConfiguration"]["dns"] == dns
