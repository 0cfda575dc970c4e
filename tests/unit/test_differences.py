"""What the inventory sets and the running cluster does not have: told in every run, and never from our own file."""

from __future__ import annotations

from dataclasses import replace

import pytest
from fake_cluster import FakeCluster
from inventories import saying, spec
from runs import mutations, raise_errors, run

from k8sboot.events import Differs
from k8sboot.inventory.model import CalicoSettings, ClusterSettings, KubeadmPatches, Spec
from k8sboot.paths import KUBEADM_CONFIG
from k8sboot.runbook import UP

MANIFEST = "/etc/kubernetes/manifests/kube-apiserver.yaml"
API_SERVER = "spec: {containers: [{command: [kube-apiserver, --profiling=true, --allow-privileged]}]}\n"
KUBELET = "cgroupDriver: systemd\nmaxPods: 110\nkubeReserved: {cpu: '0.2'}\n"
EXTRA = {"apiServer": {"extraArgs": {"profiling": "false"}}}


def wanting(cluster: FakeCluster, **patches: dict) -> FakeCluster:
    cluster.spec = replace(cluster.spec, kubeadm=KubeadmPatches(**patches))
    return cluster


def told(cluster: FakeCluster, **options: bool) -> list[str]:
    """Every difference that a run tells, and that it changes nothing."""
    ran = raise_errors(run(cluster, UP, **options))
    assert ran.changes == {}
    assert mutations(cluster) == {}
    found = [event for event in ran.events if isinstance(event, Differs)]
    return [f"{e.host} {e.key} {e.where.rpartition('/')[2]}: {e.cluster} -> {e.inventory}" for e in found]


@pytest.mark.parametrize("is_dry", [True, False])
def test_what_kubelets_have_otherwise_is_told_for_each_host_and_for_those_to_come_in_every_run(
    finished: FakeCluster, is_dry: bool
):
    wanting(finished, kubelet_configuration={"maxPods": 200, "kubeReserved": {"cpu": "200m"}})
    for host in finished.hosts.values():
        host.put("/var/lib/kubelet/config.yaml", KUBELET)
    expected = {
        "m1 kubeadm.kubeletConfiguration.maxPods ConfigMap kubelet-config-1.23: none -> 200",
        "m1 kubeadm.kubeletConfiguration.kubeReserved.cpu ConfigMap kubelet-config-1.23: none -> 200m",
        *(f"{n} kubeadm.kubeletConfiguration.maxPods config.yaml: 110 -> 200" for n in ("m1", "n1", "n2")),
    }
    assert set(told(finished, is_dry=is_dry)) == expected
    assert set(told(finished, is_dry=is_dry)) == expected, "and again in the next"


def test_what_the_control_plane_has_otherwise_is_told_from_the_cluster_and_from_the_masters_file(
    finished: FakeCluster,
):
    wanting(finished, cluster_configuration=EXTRA)
    finished.hosts["m1"].put(MANIFEST, API_SERVER)
    key = "kubeadm.clusterConfiguration.apiServer.extraArgs.profiling"
    assert told(finished) == [
        f"m1 {key} ConfigMap kubeadm-config: none -> false",
        f"m1 {key} kube-apiserver.yaml: true -> false",
    ]
    finished.documents["ClusterConfiguration"]["apiServer"].update(EXTRA["apiServer"])
    finished.hosts["m1"].put(MANIFEST, API_SERVER.replace("=true", "=false"))
    assert told(finished) == []


def test_extra_arguments_as_a_list_are_those_of_a_mapping(finished: FakeCluster):
    listed = {"apiServer": {"extraArgs": [{"name": "profiling", "value": "false"}]}}
    wanting(finished, cluster_configuration=listed)
    finished.hosts["m1"].put(MANIFEST, API_SERVER.replace("=true", "=false"))
    finished.documents["ClusterConfiguration"]["apiServer"].update(EXTRA["apiServer"])
    assert told(finished) == []
    wanting(finished, cluster_configuration=EXTRA)
    finished.documents["ClusterConfiguration"]["apiServer"].update(listed["apiServer"])
    assert told(finished) == []


def test_another_image_repository_is_told_when_it_is_said(finished: FakeCluster):
    cluster = replace(finished.spec.cluster, image_repository="registry.example.com/k8s")
    finished.spec = replace(finished.spec, cluster=cluster)
    assert told(finished) == [], "a default that changed"
    finished.spec = saying(finished.spec, "cluster.imageRepository")
    assert raise_errors(run(finished, UP)).changes["m1"][-1] == "apply metrics-server", "its image follows"
    (found,) = told(finished)
    assert found.startswith("m1 cluster.imageRepository ConfigMap kubeadm-config: ")
    assert found.endswith("registry.k8s.io -> registry.example.com/k8s")


def test_the_file_of_init_is_not_rewritten_and_not_compared_with(finished: FakeCluster):
    wanting(finished, kubelet_configuration={"maxPods": 200})
    finished.hosts["m1"].put(KUBEADM_CONFIG, "kind: KubeletConfiguration\nmaxPods: 200\n", mode=0o600)
    assert len(told(finished)) == 4
    assert finished.hosts["m1"].text(KUBEADM_CONFIG).endswith("maxPods: 200\n")


def test_a_cluster_made_with_the_patch_has_no_difference():
    cluster = FakeCluster(spec(kubeadm=KubeadmPatches(kubelet_configuration={"maxPods": 200})))
    raise_errors(run(cluster, UP))
    assert told(cluster) == []


def newer(made: Spec) -> Spec:
    """The same file, read by a k8sboot with other defaults."""
    cluster = ClusterSettings(
        "k8s", "v1.23.99", "", "10.244.0.0/16", "10.97.0.0/16", "k8s.local", "new.io/k8s"
    )
    endpoint, version = made.cluster.control_plane_endpoint, made.cluster.kubernetes_version
    return replace(
        made,
        cluster=replace(cluster, control_plane_endpoint=endpoint, kubernetes_version=version),
        kube_proxy=replace(made.kube_proxy, mode="iptables", scheduler="lc", strict_arp=True),
        metrics_server=replace(made.metrics_server, replicas=3),
    )


def test_other_defaults_of_a_newer_k8sboot_change_nothing_unasked(finished: FakeCluster):
    finished.spec = newer(finished.spec)
    assert told(finished) == []
    assert finished.proxy["ipvs"]["scheduler"] == "rr"


def test_what_is_said_is_applied_all_the_same(finished: FakeCluster):
    finished.spec = saying(newer(finished.spec), "kubeProxy.strictARP", "metricsServer.replicas")
    ran = raise_errors(run(finished, UP))
    assert ran.changes["m1"][-1] == "set kube-proxy's configuration"
    assert "apply metrics-server" in ran.changes["m1"]
    assert finished.proxy == {
        **finished.proxy,
        "mode": "ipvs",
        "ipvs": {"scheduler": "rr", "strictARP": True},
    }


def test_calicos_version_stays_unless_it_is_said(finished: FakeCluster, monkeypatch: pytest.MonkeyPatch):
    asked = []

    def text(source: str, *, sha256: str = "") -> str:
        asked.append(source)
        return (finished.hosts["m1"].text("/etc/kubernetes/k8sboot/calico.yaml")) or sha256

    monkeypatch.setattr("k8sboot.desired.fetch.text", text)
    finished.spec = replace(finished.spec, calico=CalicoSettings(version="v3.99.0"), said=frozenset())
    run(finished, [phase for phase in UP if phase.name == "calico"])
    assert "v3.99.0" not in asked[-1]
    finished.spec = saying(finished.spec, "calico.version")
    run(finished, [phase for phase in UP if phase.name == "calico"])
    assert "v3.99.0" in asked[-1]


@pytest.mark.usefixtures("short_naps")
def test_free_fields_of_kube_proxy_are_applied(finished: FakeCluster):
    wanting(finished, kube_proxy_configuration={"conntrack": {"maxPerCore": 65536}, "mode": "iptables"})
    ran = raise_errors(run(finished, UP))
    assert ran.changes["m1"][-1] == "set kube-proxy's mode to iptables"
    assert finished.proxy["conntrack"]["maxPerCore"] == 65536
    assert finished.proxy_mode == "iptables"
    assert told(finished) == []


def test_an_api_server_that_is_silent_is_told(finished: FakeCluster):
    finished.hosts["m1"].answers["kubectl get"] = (1, "", "Unable to connect to the server: EOF\n")
    ran = run(finished, UP[:1])
    assert ran.codes == ["KB-API-SILENT"]
    assert run(FakeCluster(spec()), UP[:1]).codes == []


def test_the_dns_service_of_the_cluster_is_asked_where_the_inventory_sets_no_network(finished: FakeCluster):
    asked = []

    def answer(host, words):
        asked.append(words[0])
        return finished._service_dns(host, words) if "/10.96.0.10/" in words[0] else ""

    for host in finished.hosts.values():
        host.answers["service-dns"] = answer
    finished.spec = newer(finished.spec)
    assert told(finished, is_dry=True) == []
    assert ["/10.97.0.10/" in each for each in asked].count(True) == 3, "the first probe knows no better"
    ran = run(finished, UP, is_dry=True)
    assert "KB-NOT-READY" not in ran.codes


def test_another_mtu_restarts_calico_node_which_reads_it_when_it_starts(finished: FakeCluster):
    finished.spec = replace(finished.spec, calico=replace(finished.spec.calico, mtu=1400))
    assert told(finished) == [], "a default that changed"
    finished.spec = saying(finished.spec, "calico.mtu")
    ran = raise_errors(run(finished, UP))
    assert ran.changes["m1"][-1] == "apply calico"
    assert any("rollout restart daemonset/calico-node" in line for line in finished.hosts["m1"].mutations)
    assert told(finished) == []
    finished.spec = replace(finished.spec, calico=replace(finished.spec.calico, image_repository="reg.io/c"))
    finished.spec = saying(finished.spec, "calico.imageRepository")
    raise_errors(run(finished, UP))
    assert not any("rollout restart" in line for line in finished.hosts["m1"].mutations)
