"""The table of releases is whole, agrees with itself, and answers right where one rule ends and the next begins."""

from __future__ import annotations

import re
from dataclasses import fields, replace
from datetime import date
from itertools import pairwise

import pytest

from k8sboot.inventory.model import CalicoSettings, KubeProxySettings
from k8sboot.kubernetes import releases
from k8sboot.kubernetes.calico import MANIFEST_SHA256
from k8sboot.kubernetes.calico_releases import CALICO, calico_for, kubernetes_for
from k8sboot.kubernetes.kernel import kernel_version
from k8sboot.kubernetes.release import Release
from k8sboot.kubernetes.release_table import RELEASES
from k8sboot.kubernetes.versions import KubernetesVersion

BY_NAME = {row.name: row for row in RELEASES}
PAIRS = list(pairwise(RELEASES))


def since(name: str) -> list[Release]:
    """The row before a minor, and its own."""
    return [BY_NAME[f"1.{int(name.partition('.')[2]) - 1}"], BY_NAME[name]]


def test_the_minors_have_no_gap() -> None:
    assert [row.minor for row in RELEASES] == list(range(19, 38))


@pytest.mark.parametrize("row", RELEASES, ids=BY_NAME)
def test_a_row_agrees_with_itself(row: Release) -> None:
    newest = KubernetesVersion.parse(row.newest)
    assert str(newest) == row.newest
    assert newest.release is row
    assert date.fromisoformat(row.ends).isoformat() == row.ends
    assert re.fullmatch(r"3\.\d{1,2}(\.\d)?", row.pause)
    assert re.fullmatch(r"3\.\d\.\d{1,2}-0", row.etcd)
    assert re.fullmatch(r"v?1\.\d{1,2}\.\d", row.coredns)
    assert row.coredns.startswith("v") is ("/" in row.coredns_image)
    assert row.proxy_default in row.proxy_modes
    assert set(row.packages) <= set(row.packages_held)
    assert {"kubelet", "cri-tools"} <= {*row.packages, *row.kubeadm_requires}
    assert row.config_apis == tuple(sorted(row.config_apis))
    assert None not in [getattr(row, f.name) for f in fields(row) if f.name != "containerd_recommended"]


@pytest.mark.parametrize("row", RELEASES, ids=BY_NAME)
def test_a_row_fits_the_containerd_that_it_recommends(row: Release) -> None:
    assert row.containerd_recommended != ()
    for version in row.containerd_recommended or ():
        assert releases.containerd_misfit(row, version) == ""


@pytest.mark.parametrize("row", RELEASES, ids=BY_NAME)
def test_a_row_has_the_newest_calico_that_was_tested_with_it(row: Release) -> None:
    major, minor, *_ = row.calico.removeprefix("v").split(".")
    assert (int(major), int(minor)) == (3, calico_for(row.minor))
    assert row.calico.count(".") == 1 or row.calico in MANIFEST_SHA256


def test_each_release_ends_after_the_one_before() -> None:
    assert all(before.ends < after.ends for before, after in PAIRS)


def test_what_is_gone_stays_gone() -> None:
    for before, after in PAIRS:
        assert set(before.feature_gates_gone) <= set(after.feature_gates_gone)
        assert set(before.kubelet_flags_gone) <= set(after.kubelet_flags_gone)
    for names in (releases.NEWEST.feature_gates_gone, releases.NEWEST.kubelet_flags_gone):
        assert len(set(names)) == len(names)
        assert not [name for name in names if name.startswith("-") or "_" in name]


def test_kubeadm_reads_what_the_release_before_wrote() -> None:
    assert [after.name for before, after in PAIRS if before.config_api not in after.config_apis] == []


@pytest.mark.parametrize(
    ("field", "name", "values"),
    [
        ("config_api", "1.22", ["v1beta2", "v1beta3"]),
        ("config_api", "1.31", ["v1beta3", "v1beta4"]),
        ("config_apis", "1.27", [("v1beta2", "v1beta3"), ("v1beta3",)]),
        ("config_apis", "1.37", [("v1beta3", "v1beta4"), ("v1beta4",)]),
        ("has_dockershim", "1.24", [True, False]),
        ("cri", "1.23", [("v1alpha2",), ("v1alpha2", "v1")]),
        ("cri", "1.26", [("v1alpha2", "v1"), ("v1",)]),
        ("cgroup_v1", "1.31", ["supported", "in maintenance"]),
        ("cgroup_v1", "1.35", ["in maintenance", "refused"]),
        ("proxy_default", "1.24", ["ipvs", "iptables"]),
        ("proxy_modes", "1.31", [("iptables", "ipvs"), ("iptables", "ipvs", "nftables")]),
        ("ipvs_without_modules", "1.26", ["runs iptables", "fails"]),
        ("ipvs_is_deprecated", "1.35", [False, True]),
        ("metrics_server", "1.25", ["v0.5.2", "v0.6.4"]),
        ("metrics_server", "1.27", ["v0.6.4", "v0.7.2"]),
        ("metrics_server", "1.31", ["v0.7.2", "v0.8.1"]),
        ("metrics_server", "1.34", ["v0.8.1", "v0.9.0"]),
        ("package_repository", "1.24", ["packages.cloud.google.com", "pkgs.k8s.io"]),
        ("kubeadm_requires", "1.30", [("kubelet", "kubectl", "kubernetes-cni", "cri-tools"), ("cri-tools",)]),
        ("kubeadm_requires", "1.32", [("cri-tools",), ()]),
        ("packages_held", "1.24", [("kubeadm", "kubelet", "kubectl"),
                                   ("kubeadm", "kubelet", "kubectl", "kubernetes-cni", "cri-tools")]),
        ("kubelet_config_map", "1.24", ["kubelet-config-1.23", "kubelet-config"]),
        ("budget_api", "1.21", ["policy/v1beta1", "policy/v1"]),
        ("coredns_image", "1.21", ["coredns", "coredns/coredns"]),
        ("kubelet_lag", "1.25", [2, 3]),
        ("certs_command", "1.20", [("kubeadm", "alpha", "certs"), ("kubeadm", "certs")]),
        ("drain_empty_dir", "1.20", ["--delete-local-data", "--delete-emptydir-data"]),
        ("has_config_validate", "1.26", [False, True]),
        ("has_super_admin", "1.29", [False, True]),
        ("has_instance_config", "1.34", [False, True]),
    ],
)  # fmt: skip
def test_a_rule_changes_with_its_minor(field: str, name: str, values: list[object]) -> None:
    assert [getattr(row, field) for row in since(name)] == values


@pytest.mark.parametrize(
    ("field", "name", "gone"),
    [
        ("feature_gates_gone", "1.26", "UnversionedKubeletConfigMap"),
        ("feature_gates_gone", "1.33", "EtcdLearnerMode"),
        ("feature_gates_gone", "1.36", "ControlPlaneKubeletLocalMode"),
        ("feature_gates_gone", "1.37", "NodeLocalCRISocket"),
        ("kubelet_flags_gone", "1.24", "network-plugin"),
        ("kubelet_flags_gone", "1.27", "container-runtime"),
        ("kubelet_flags_gone", "1.35", "pod-infra-container-image"),
        ("kubelet_flags_gone", "1.37", "storage-driver-db"),
    ],
)
def test_a_gate_or_flag_goes_with_its_minor(field: str, name: str, gone: str) -> None:
    assert [gone in getattr(row, field) for row in since(name)] == [False, True]


@pytest.mark.parametrize(
    ("name", "kernel", "is_accepted"),
    [
        *(("1.31", "3.9.0", False), ("1.31", "3.10.0-1160.el7.x86_64", True)),
        *(("1.32", "4.18.0-553.el8.x86_64", False), ("1.33", "4.19.0", True), ("1.32", "6.1.0", True)),
        *(("1.34", "5.4.278", True), ("1.34", "5.14.0-570.el9.x86_64", False), ("1.37", "5.15.0", True)),
        *(
            ("1.34", "5.11.0", False),
            ("1.34", "5.19.0", False),
            ("1.34", "6.0.0", True),
            ("1.37", "7.0.1", True),
        ),
    ],
)
def test_kernels_are_accepted_by_series(name: str, kernel: str, is_accepted: bool) -> None:
    assert BY_NAME[name].kernels.accept(kernel_version(kernel)) is is_accepted


def test_an_old_kernel_is_an_error_up_to_1_33_and_a_warning_after() -> None:
    assert [row.kernels.is_required for row in since("1.34")] == [True, False]
    assert [row.kernels.oldest for row in since("1.32")] == [(3, 10), (4, 19)]
    assert BY_NAME["1.34"].kernels.oldest == (5, 4)


def test_docker_fits_up_to_1_23() -> None:
    assert [bool(releases.docker_misfit(row)) for row in since("1.24")] == [False, True]
    assert releases.docker_misfit(BY_NAME["1.37"]) == "dockershim was removed in 1.24"
    assert releases.newest_with_dockershim() is BY_NAME["1.23"]


@pytest.mark.parametrize(
    ("name", "version", "fits"),
    [
        *(
            ("1.22", "1.7.27", True),
            ("1.22", "2.0.0", False),
            ("1.23", "2.3.0", True),
            ("1.19", "1.2.0", True),
        ),
        *(
            ("1.25", "1.5.9", True),
            ("1.26", "1.5.9", False),
            ("1.26", "1.6.0", True),
            ("1.26", "1.10.0", True),
        ),
        *(("1.37", "1.7.33", True), ("1.37", "2.4.0", True)),
    ],
)
def test_containerd_fits_by_what_it_speaks(name: str, version: str, fits: bool) -> None:
    assert (releases.containerd_misfit(BY_NAME[name], version) == "") is fits


def test_a_containerd_that_does_not_fit_is_told_what_is_needed() -> None:
    assert releases.containerd_misfit(BY_NAME["1.22"], "2.2.0") == (
        "kubelet 1.22 speaks CRI v1alpha2: it needs containerd older than 2.0, not 2.2.0"
    )
    assert releases.containerd_needed(BY_NAME["1.30"]) == "containerd 1.6 or later"
    assert releases.containerd_needed(BY_NAME["1.23"]) == "containerd"
    later = replace(releases.NEWEST, minor=38, containerd_since="2.0")
    assert "needs containerd 2.0 or later, not 1.7.33" in releases.containerd_misfit(later, "1.7.33")


@pytest.mark.parametrize(
    ("minor", "name"), [(0, "1.19"), (18, "1.19"), (19, "1.19"), (37, "1.37"), (38, "1.37")]
)
def test_a_minor_that_is_not_known_is_read_as_the_nearest(minor: int, name: str) -> None:
    assert releases.nearest(minor).name == name
    assert releases.is_known(minor) is (f"1.{minor}" == name)


def test_calicos_versions_have_no_gap_and_their_ranges_grow() -> None:
    assert list(CALICO) == list(range(18, 34))
    for before, after in pairwise(CALICO.values()):
        assert before.tested <= after.tested
        assert after.tested[0] <= after.tested[1]
    assert {calico_for(row.minor) for row in RELEASES} <= set(CALICO)
    assert (calico_for(17), calico_for(38)) == (None, None)


def test_calico_outside_the_table_was_tested_with_nothing_known_or_with_no_known_end() -> None:
    assert kubernetes_for(17) is None
    assert [kubernetes_for(25), kubernetes_for(33), kubernetes_for(34)] == [(22, 28), (35, 37), (35, None)]


def test_the_inventorys_defaults_are_those_of_their_release() -> None:
    row = releases.newest_with_dockershim()
    assert CalicoSettings().version == row.calico
    assert KubeProxySettings().mode == row.proxy_default
