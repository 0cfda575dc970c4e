"""A whole cluster on containerd: brought up, unchanged by a second run, with containerd's files and sockets."""

from __future__ import annotations

from dataclasses import replace

import pytest
from fake_cluster import FakeCluster, copied
from fake_systems import debian
from inventories import saying, spec
from runs import run
from yaml_texts import by_kind

from k8sboot.events import Differs, Notice
from k8sboot.inventory.model import ClusterSettings
from k8sboot.inventory.runtime_settings import RuntimeSettings
from k8sboot.runbook import UP
from k8sboot.text.toml_text import read_toml

CONFIG = "/etc/containerd/config.toml"
KUBELET = "cgroupDriver: systemd\ncontainerLogMaxSize: 100Mi\ncontainerLogMaxFiles: 9\n"
CONTAINERD = RuntimeSettings(name="containerd", packages=("containerd",), version="1.7")


def wanted(**settings):
    found = spec(runtime=replace(CONTAINERD, **settings))
    return saying(found, "runtime.name", "runtime.packages", "runtime.version")


@pytest.fixture(scope="module")
def finished():
    cluster = FakeCluster(wanted())
    cluster.told = run(cluster, UP)
    return cluster


def test_it_comes_up_and_a_second_run_changes_nothing(finished):
    assert finished.told.errors == {}
    config = read_toml(finished.hosts["n1"].text(CONFIG))
    assert config["version"] == 2
    assert finished.hosts["n1"].packages["containerd"].startswith("1.7.24")
    again = run(finished, UP)
    assert (again.errors, again.changes) == ({}, {})


def test_kubeadm_and_crictl_get_containerds_socket(finished):
    socket = "unix:///run/containerd/containerd.sock"
    config = by_kind(finished.hosts["m1"].text("/etc/kubernetes/k8sboot/kubeadm-config.yaml"))
    assert config["InitConfiguration"]["nodeRegistration"]["criSocket"] == socket
    kubelet = config["KubeletConfiguration"]
    assert (kubelet["containerLogMaxSize"], kubelet["containerLogMaxFiles"]) == ("100Mi", 3)
    assert f'runtime-endpoint: "{socket}"' in finished.hosts["n2"].text("/etc/crictl.yaml")
    assert "docker-ce" not in finished.hosts["n1"].packages
    assert not any(line.startswith("docker") for line in finished.hosts["m1"].commands)


def test_a_plan_of_bare_hosts_says_what_it_cannot_know(finished):
    cluster = FakeCluster(wanted(version=""))
    told = run(cluster, UP, is_dry=True)
    assert told.errors == {}
    assert "n1 container-runtime" in told.unknown


def test_a_containerd_that_does_not_fit_is_refused_before_it_is_installed(finished):
    old = ClusterSettings(control_plane_endpoint="192.0.2.1:6443", kubernetes_version="v1.22.17")
    only_new = {**debian(), "offered": {**debian()["offered"], "containerd": ("2.2.1~ds1-1",)}}
    for host in ("kubeadm", "kubelet", "kubectl"):
        only_new["offered"][host] = ("1.22.17-00",)
    it = replace(wanted(version=""), cluster=old)
    cluster = FakeCluster(replace(it, runtime=replace(it.runtime, version="2")), m1=lambda: only_new)
    told = run(cluster, UP)
    assert told.errors["m1"] == "KB-VERSION-RUNTIME"
    assert "containerd" not in cluster.hosts["m1"].packages


def test_a_containerd_that_runs_and_does_not_fit_is_refused_by_preflight(finished):
    host = debian()
    host["packages"] = {"containerd": "2.2.1~ds1-1"}
    old = ClusterSettings(control_plane_endpoint="192.0.2.1:6443", kubernetes_version="v1.22.17")
    it = replace(wanted(), cluster=old)
    cluster = FakeCluster(replace(it, runtime=replace(it.runtime, version="2")), m1=lambda: host)
    assert run(cluster, UP).errors["m1"] == "KB-VERSION-RUNTIME"
    assert cluster.hosts["m1"].mutations == []


@pytest.mark.parametrize(
    ("path", "text", "kept"),
    [
        ("kubeadm-flags.env", 'KUBELET_KUBEADM_ARGS="--network-plugin=cni"\n', "docker"),
        ("instance-config.yaml", "containerRuntimeEndpoint: unix:///var/run/crio/crio.sock\n", ""),
    ],
)
def test_a_member_with_another_runtime_is_refused_before_anything_changes(finished, path, text, kept):
    cluster = copied(finished)
    host = cluster.hosts["n1"]
    host.put(f"/var/lib/kubelet/{path}", text)
    told = run(cluster, UP)
    assert told.errors["n1"] == "KB-RUNTIME-OTHER"
    assert host.mutations == []
    assert (f"`runtime.name: {kept}`" in told.report.errors["n1"].fix) == bool(kept)


def test_a_member_whose_kubelet_has_containerds_socket_is_let_through(finished):
    cluster = copied(finished)
    flags = 'KUBELET_KUBEADM_ARGS="--container-runtime-endpoint=/var/run/containerd/containerd.sock"\n'
    cluster.hosts["n1"].put("/var/lib/kubelet/kubeadm-flags.env", flags)
    assert run(cluster, UP).errors == {}


def test_other_limits_of_logs_are_told_where_kubelet_has_them(finished):
    cluster = copied(finished)
    for host in cluster.hosts.values():
        host.put("/var/lib/kubelet/config.yaml", KUBELET)
    cluster.spec = saying(wanted(log_max_size="20m"), "runtime.logMaxSize")
    told = run(cluster, UP)
    assert (told.errors, told.changes) == ({}, {})
    found = {(e.host, e.key, e.inventory) for e in told.events if isinstance(e, Differs)}
    key = "kubeadm.kubeletConfiguration.containerLogMaxSize"
    assert found == {(name, key, "20Mi") for name in cluster.hosts}


def test_a_pause_image_of_the_operators_stays_and_every_plan_tells_it():
    cluster = FakeCluster(wanted())
    table = "plugins.'io.containerd.grpc.v1.cri'"
    cluster.hosts["n1"].put(CONFIG, f"version = 2\n[{table}]\nsandbox_image = 'harbor.lan/pause:3.8'\n")
    for is_dry in (True, False, True):
        told = run(cluster, UP, is_dry=is_dry)
        assert told.errors == {}
        notices = {e.host: e.text for e in told.of(Notice) if e.code == "KB-PAUSE-KEPT"}
        assert list(notices) == ["n1"]
        assert "harbor.lan/pause:3.8" in notices["n1"]
    assert told.changes == {}
    assert "harbor.lan/pause:3.8" in cluster.hosts["n1"].text(CONFIG)
