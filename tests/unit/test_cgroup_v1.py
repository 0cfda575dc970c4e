"""One key accepts hosts with cgroup v1 where the release refuses them: what it writes, and nothing else."""

from __future__ import annotations

import shlex
from dataclasses import replace

import pytest
import yaml
from fake_cluster import FakeCluster
from inventories import saying, spec
from runs import run

from k8sboot.cli.token_actions import new_join_line
from k8sboot.desired import kept
from k8sboot.desired.kubeadm import kubelet_fields, registration
from k8sboot.host.host import Context, Host
from k8sboot.host.machine import Machine
from k8sboot.host.reads import Reads
from k8sboot.inventory.model import KubeadmPatches
from k8sboot.kubernetes.config import (
    ControlPlane,
    JoinCredentials,
    NodeRegistration,
    Proxy,
    join_config,
    kubeadm_config,
)
from k8sboot.kubernetes.versions import KubernetesVersion
from k8sboot.templates import render

V1 = NodeRegistration("m1", "10.0.0.1", ignored_checks=("SystemVerification",))


def control_plane() -> ControlPlane:
    version = KubernetesVersion.parse("v1.37.2")
    return ControlPlane(version, "api:6443", ("10.0.0.1",), ("m1",), "unix:///run/containerd/containerd.sock")


def registered(node: NodeRegistration, checks: object = None) -> list[object]:
    """The checks that init and join ignore on that host. checks: those that the inventory names."""
    patch = {"nodeRegistration": {"ignorePreflightErrors": checks}} if checks else {}
    init = kubeadm_config(
        render, control_plane(), node, proxy=Proxy("iptables"), patches={"InitConfiguration": patch}
    )
    credentials = JoinCredentials("api:6443", "abcdef.0123456789abcdef", ("sha256:00",))
    join = join_config(render, control_plane(), node, credentials=credentials, patch=patch)
    documents = [next(yaml.safe_load_all(init)), yaml.safe_load(join)]
    return [each["nodeRegistration"].get("ignorePreflightErrors") for each in documents]


def test_kubeadm_ignores_its_check_on_such_a_host_alone():
    assert registered(V1) == [["SystemVerification"]] * 2
    assert registered(replace(V1, ignored_checks=())) == [None, None]
    assert registered(V1, ["Swap"]) == [["SystemVerification", "Swap"]] * 2


@pytest.mark.parametrize(
    ("version", "is_allowed", "cgroups", "fields", "checks"),
    [
        ("v1.35.4", True, "tmpfs", {"failCgroupV1": False}, ("SystemVerification",)),
        ("v1.35.4", True, "cgroup2fs", {"failCgroupV1": False}, ()),
        ("v1.35.4", False, "tmpfs", {}, ()),
        ("v1.34.4", True, "tmpfs", {}, ()),
    ],
)
def test_the_key_works_where_the_release_refuses_cgroup_v1(version, is_allowed, cgroups, fields, checks):
    given = spec()
    given = replace(
        given,
        cluster=replace(given.cluster, kubernetes_version=version),
        os=replace(given.os, allow_cgroup_v1=is_allowed),
    )
    bare = FakeCluster(given)
    for host in bare.hosts.values():
        host.answers["cgroups"] = cgroups
    assert kubelet_fields(given) == fields
    seen = []
    run(bare, [_looking(seen)])
    assert seen == [checks]


@pytest.mark.parametrize(("is_allowed", "checks"), [(True, ["SystemVerification"]), (False, [])])
def test_the_pasted_join_command_ignores_what_the_inventory_accepts(
    finished: FakeCluster, is_allowed, checks
):
    wanted = replace(finished.spec.cluster, kubernetes_version="v1.35.4")
    given = replace(finished.spec, cluster=wanted, os=replace(finished.spec.os, allow_cgroup_v1=is_allowed))
    master = finished.hosts["m1"]
    master.is_closed = False
    host = Host(Machine("m1", "192.0.2.1", "master", master, Reads()), Context("token", lambda _event: None))
    words = shlex.split(new_join_line(given, host, ttl="30m", is_control_plane=False).reveal())
    flag = "--ignore-preflight-errors="
    assert [word.removeprefix(flag) for word in words if word.startswith(flag)] == checks


def _looking(seen: list[tuple[str, ...]]):
    from k8sboot.phase import first_master, phase

    @phase(on=first_master, looks_only=True)
    def look(cluster, host):
        """Look."""
        seen.append(registration(cluster, host).ignored_checks)

    return look


def test_a_field_of_ones_own_takes_precedence():
    given = spec(kubeadm=KubeadmPatches(kubelet_configuration={"failCgroupV1": True}))
    given = replace(
        given,
        cluster=replace(given.cluster, kubernetes_version="v1.37.2"),
        os=replace(given.os, allow_cgroup_v1=True),
    )
    assert kubelet_fields(given) == {"failCgroupV1": True}


def test_what_up_does_not_bring_about_is_told(finished: FakeCluster, monkeypatch: pytest.MonkeyPatch):
    """A running cluster whose kubelets do not have the field."""
    from k8sboot.events import Differs
    from k8sboot.phases.differences import differences

    monkeypatch.setattr(kept, "refuse_unsupported", lambda _cluster: None)
    wanted = replace(finished.spec.cluster, kubernetes_version="v1.35.4")
    settings = replace(finished.spec.os, allow_cgroup_v1=True)
    finished.spec = saying(replace(finished.spec, cluster=wanted, os=settings), "cluster.kubernetesVersion")
    host = finished.hosts["n1"]
    host.put("/var/lib/kubelet/config.yaml", "cgroupDriver: systemd\n")
    key = "kubeadm.kubeletConfiguration.failCgroupV1"
    found = [e for e in run(finished, [differences]).events if isinstance(e, Differs) and e.host == "n1"]
    assert [(e.key, e.cluster, e.inventory) for e in found] == [(key, "none", "false")]
    host.put("/var/lib/kubelet/instance-config.yaml", "failCgroupV1: false\n")
    assert [e for e in run(finished, [differences]).events if isinstance(e, Differs) and e.host == "n1"] == []


@pytest.mark.parametrize(("there", "errors"), [(None, {"m1": "KB-CGROUP-V1"}), (False, {})])
def test_a_new_host_is_refused_whose_kubelet_the_running_cluster_would_configure_to_refuse_it(
    finished: FakeCluster, monkeypatch: pytest.MonkeyPatch, there, errors
):
    from k8sboot.phases.preflight import preflight

    for check in ("refuse_unsupported", "refuse_other_kubernetes"):
        monkeypatch.setattr(kept, check, lambda *_: None)
    wanted = replace(finished.spec.cluster, kubernetes_version="v1.35.4")
    settings = replace(finished.spec.os, allow_cgroup_v1=True)
    finished.spec = saying(replace(finished.spec, cluster=wanted, os=settings), "cluster.kubernetesVersion")
    finished.documents["KubeletConfiguration"]["failCgroupV1"] = there
    finished.hosts["n1"] = FakeCluster(spec()).hosts["n1"]
    finished.hosts["n1"].answers["cgroups"] = "tmpfs"
    ran = run(finished, [preflight])
    assert ran.errors == errors
    assert not errors or "edit configmap kubelet-config-1.23" in ran.report.errors["m1"].fix
