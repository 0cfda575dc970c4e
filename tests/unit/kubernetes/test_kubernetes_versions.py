from __future__ import annotations

import pytest

from k8sboot.errors import UsageError
from k8sboot.kubernetes import versions
from k8sboot.kubernetes.kernel import REQUIRED_SYSCTLS, SYSCTLS, kernel_version
from k8sboot.kubernetes.metrics_server import metrics_server_image, metrics_server_values
from k8sboot.kubernetes.versions import KubernetesVersion

V = KubernetesVersion.parse


@pytest.mark.parametrize("text", ["v1.23.17", "1.23.17", " v1.23.17\n"])
def test_a_version_is_read_with_or_without_its_v(text: str) -> None:
    assert str(V(text)) == "v1.23.17"


@pytest.mark.parametrize(
    "text", ["", "v1.23", "1.30", "latest", "v1.23.x", "v01.2.3", "v1.2.3.4", "v1.23.17 ; id"]
)
def test_what_is_no_version_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(UsageError, match=r"v1\.23\.17"):
        V(text)


def test_versions_are_ordered_by_number_not_by_text() -> None:
    assert sorted(map(V, ["v1.23.9", "v1.23.17", "v1.9.20"])) == [V("v1.9.20"), V("v1.23.9"), V("v1.23.17")]


def test_a_vendor_suffix_is_kept_and_does_not_matter() -> None:
    assert V("v1.20.2+debian") == V("v1.20.2")
    assert str(V("v1.20.2+debian")) == "v1.20.2+debian"


@pytest.mark.parametrize(
    ("version", "api"),
    [
        *(("v1.19.0", "v1beta2"), ("v1.21.14", "v1beta2"), ("v1.22.0", "v1beta3")),
        *(("v1.30.9", "v1beta3"), ("v1.31.0", "v1beta4"), ("v1.36.0", "v1beta4"), ("v1.37.0", "v1beta4")),
    ],
)
def test_the_configuration_api_follows_the_version(version: str, api: str) -> None:
    assert V(version).release.config_api == api


def test_versions_outside_what_is_known_are_named() -> None:
    assert versions.unsupported(V("v1.23.17")) == ""
    assert "v1.18.0" in versions.unsupported(V("v1.18.0"))
    assert versions.unsupported(V("v1.37.0")) == ""
    assert "1.19 to 1.37, not v1.38.0" in versions.unsupported(V("v1.38.0"))
    assert versions.unsupported(V("v2.23.0"))


@pytest.mark.parametrize(
    ("version", "labels", "taints"),
    [
        ("v1.19.0", {"master"}, {"master"}),
        ("v1.20.2", {"master", "control-plane"}, {"master"}),
        ("v1.24.0", {"control-plane"}, {"master", "control-plane"}),
        ("v1.25.0", {"control-plane"}, {"control-plane"}),
    ],
)
def test_a_master_is_marked_as_its_version_does(version: str, labels: set[str], taints: set[str]) -> None:
    def short(names: tuple[str, ...]) -> set[str]:
        return {name.partition("/")[2] for name in names}

    assert short(V(version).release.control_plane_labels) == labels
    assert short(V(version).release.control_plane_taints) == taints


@pytest.mark.parametrize(
    ("kubelet", "fits"),
    [("v1.30.0", True), ("v1.27.1", True), ("v1.26.9", False), ("v1.31.0", False), ("v1.24.0", False)],
)
def test_a_kubelet_is_at_most_three_minors_behind(kubelet: str, fits: bool) -> None:
    assert (versions.kubelet_skew(api_server=V("v1.30.4"), kubelet=V(kubelet)) == "") is fits


def test_an_old_kubelet_is_at_most_two_minors_behind() -> None:
    assert versions.kubelet_skew(api_server=V("v1.25.0"), kubelet=V("v1.23.0")) == ""
    assert "more than 2 minor versions" in versions.kubelet_skew(
        api_server=V("v1.25.0"), kubelet=V("v1.22.0")
    )


def test_kubeadm_handles_its_own_minor_and_the_one_before() -> None:
    kubeadm = V("v1.23.17")
    assert versions.kubeadm_skew(kubeadm=kubeadm, cluster=V("v1.23.1")) == ""
    assert versions.kubeadm_skew(kubeadm=kubeadm, cluster=V("v1.22.1")) == ""
    assert versions.kubeadm_skew(kubeadm=kubeadm, cluster=V("v1.21.1"))
    assert versions.kubeadm_skew(kubeadm=kubeadm, cluster=V("v1.24.0"))


def test_an_upgrade_goes_one_minor_at_a_time_and_never_back() -> None:
    running = V("v1.22.5")
    assert versions.upgrade_step(running=running, wanted=V("v1.23.17")) == ""
    assert "1.23" in versions.upgrade_step(running=running, wanted=V("v1.24.0"))
    assert "older" in versions.upgrade_step(running=running, wanted=V("v1.22.4"))


@pytest.mark.parametrize(
    ("version", "expected"),
    [
        *(("v1.20.2", "v0.5.2"), ("v1.24.0", "v0.5.2"), ("v1.25.0", "v0.6.4")),
        *(("v1.30.0", "v0.7.2"), ("v1.33.0", "v0.8.1"), ("v1.36.0", "v0.9.0")),
    ],
)
def test_metrics_server_follows_its_matrix(version: str, expected: str) -> None:
    assert V(version).release.metrics_server == expected


def test_metrics_server_lies_in_its_own_folder_upstream_only() -> None:
    version = V("v1.23.17")
    assert (
        metrics_server_image(version, "registry.k8s.io")
        == "registry.k8s.io/metrics-server/metrics-server:v0.5.2"
    )
    assert metrics_server_image(version, "10.0.0.5:5000/k8s") == "10.0.0.5:5000/k8s/metrics-server:v0.5.2"


def test_metrics_server_arguments_follow_the_image_that_was_asked_for() -> None:
    values = metrics_server_values(
        V("v1.23.17"), image="r.example:5000/ms:v0.7.1", replicas=1, kubelet_insecure_tls=False
    )
    assert values["secure_port"] == 10250
    assert values["kubelet_resources"] == ["nodes/metrics"]
    untagged = metrics_server_values(
        V("v1.23.17"), image="r.example:5000/ms", replicas=1, kubelet_insecure_tls=False
    )
    assert untagged["secure_port"] == 4443


def test_a_disruption_budget_uses_the_api_of_its_version() -> None:
    assert V("v1.20.2").release.budget_api == "policy/v1beta1"
    assert V("v1.21.0").release.budget_api == "policy/v1"


@pytest.mark.parametrize(
    ("release", "version"),
    [
        *(("3.10.0-1160.el7.x86_64", (3, 10, 0)), ("6.1.0-18-amd64", (6, 1, 0))),
        *(("5.4.278-1.el7", (5, 4, 278)), ("6.8-rc1", (6, 8, 0))),
        *(("", (0, 0, 0)), ("x.y", (0, 0, 0)), ("9" * 90 + ".1", (0, 0, 0))),
    ],
)
def test_a_kernel_release_is_read(release: str, version: tuple[int, int, int]) -> None:
    assert kernel_version(release) == version


def test_sysctls_of_the_runbook_that_do_harm_are_left_out() -> None:
    assert set(REQUIRED_SYSCTLS) <= set(SYSCTLS)
    assert not set(SYSCTLS) & {
        "net.ipv4.tcp_timestamps",
        "net.ipv4.conf.all.route_localnet",
        "net.ipv4.ip_conntrack_max",
        "net.netfilter.nf_conntrack_max",
    }
