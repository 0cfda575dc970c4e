"""The table of releases: data. A row names what changed with its minor; the rest is as in the row before.

Sources. newest, ends: kubernetes/website data/releases/eol.yaml and schedule.yaml, kubernetes.io/releases, and the
versions of the Go module k8s.io/kubernetes. pause, etcd, coredns: cmd/kubeadm/app/constants/constants.go of 1.30.14,
1.31.14, 1.32.13, 1.33.13, 1.34.4, 1.35.4, 1.36.3 and 1.37.2; before 1.30 minikube's constants_kubeadm_images.go,
KubeKey's tables and `kubeadm config images list`. calico: see calico_releases.py. metrics_server: its README,
"Compatibility Matrix". containerd: its RELEASES.md. Everything else: where it stands.
"""

from __future__ import annotations

from dataclasses import replace

from k8sboot.kubernetes.former_kubelet_flags import CADVISOR, DOCKERSHIM
from k8sboot.kubernetes.release import Kernels, Release

MASTER = "node-role.kubernetes.io/master"
CONTROL_PLANE = "node-role.kubernetes.io/control-plane"

_KUBEADM, _WITH_CRI_TOOLS = ("kubeadm", "kubelet", "kubectl"), ("kubeadm", "kubelet", "kubectl", "cri-tools")
_ALL = ("kubeadm", "kubelet", "kubectl", "kubernetes-cni", "cri-tools")

# Sources of the rules of 1.19. config_apis: kubernetes 101129, 107013, 125029, 136016, kubeadm 2459.
# control_plane_labels and _taints: kubeadm 2200. cri: kubernetes 106501, 110618. kernels: each kubeadm's go.mod.
# ipvs_without_modules: kubernetes 111806. kubelet_lag: website, version-skew-policy.md. package_repository, packages,
# kubeadm_requires: kubernetes/release metadata.yaml. coredns_image: kubeadm's list. proxy_default: the runbook's.
_19 = Release(
    minor=19,
    newest="v1.19.16",
    ends="2021-10-28",
    pause="3.2",
    etcd="3.4.13-0",
    coredns="1.7.0",
    coredns_image="coredns",
    coredns_folder="none",
    config_apis=("v1beta1", "v1beta2"),
    feature_gates_gone=(),
    kubelet_flags_gone=(),
    has_dockershim=True,
    cri=("v1alpha2",),
    containerd_since="",
    containerd_before="2.0",
    containerd_recommended=None,
    kernels=Kernels(since=(3, 10)),
    cgroup_v1="supported",
    proxy_modes=("iptables", "ipvs"),
    proxy_default="ipvs",
    ipvs_without_modules="runs iptables",
    ipvs_is_deprecated=False,
    calico="v3.20",
    metrics_server="v0.5.2",
    package_repository="packages.cloud.google.com",
    packages=_KUBEADM,
    packages_held=_KUBEADM,
    kubeadm_requires=("kubelet", "kubectl", "kubernetes-cni", "cri-tools"),
    control_plane_labels=(MASTER,),
    control_plane_taints=(MASTER,),
    kubelet_config_map="kubelet-config-1.19",
    budget_api="policy/v1beta1",
    kubelet_lag=2,
    certs_command=("kubeadm", "alpha", "certs"),
    drain_empty_dir="--delete-local-data",
    has_config_validate=False,
    has_super_admin=False,
    has_instance_config=False,
)
_20 = replace(
    _19,
    minor=20,
    newest="v1.20.15",
    ends="2022-02-28",
    calico="v3.21",
    control_plane_labels=(MASTER, CONTROL_PLANE),
    kubelet_config_map="kubelet-config-1.20",
    certs_command=("kubeadm", "certs"),
    drain_empty_dir="--delete-emptydir-data",
)
_21 = replace(
    _20,
    minor=21,
    newest="v1.21.14",
    ends="2022-06-28",
    pause="3.4.1",
    coredns="v1.8.0",
    coredns_image="coredns/coredns",
    coredns_folder="not always known",  # kubeadm 2761
    calico="v3.23",
    kubelet_config_map="kubelet-config-1.21",
    budget_api="policy/v1",
)
_22 = replace(
    _21,
    minor=22,
    newest="v1.22.17",
    ends="2022-12-08",
    pause="3.5",
    etcd="3.5.6-0",
    coredns="v1.8.4",
    config_apis=("v1beta2", "v1beta3"),
    calico="v3.25.2",
    kubelet_config_map="kubelet-config-1.22",
)
_23 = replace(
    _22,
    minor=23,
    newest="v1.23.17",
    ends="2023-02-28",
    pause="3.6",
    coredns="v1.8.6",
    cri=("v1alpha2", "v1"),
    containerd_before="",
    kubelet_config_map="kubelet-config-1.23",
)
_24 = replace(
    _23,
    minor=24,
    newest="v1.24.17",
    ends="2023-07-28",
    pause="3.7",
    kubelet_flags_gone=DOCKERSHIM,
    has_dockershim=False,
    containerd_recommended=("1.5",),
    proxy_default="iptables",
    calico="v3.26.5",
    package_repository="pkgs.k8s.io",
    packages_held=_ALL,
    control_plane_labels=(CONTROL_PLANE,),
    control_plane_taints=(MASTER, CONTROL_PLANE),
    kubelet_config_map="kubelet-config",
)
_25 = replace(
    _24,
    minor=25,
    newest="v1.25.16",
    ends="2023-10-28",
    coredns_folder="known",
    pause="3.8",
    etcd="3.5.9-0",
    coredns="v1.9.3",
    metrics_server="v0.6.4",
    control_plane_taints=(CONTROL_PLANE,),
    kubelet_lag=3,
)
_26 = replace(
    _25,
    minor=26,
    newest="v1.26.15",
    ends="2024-02-28",
    pause="3.9",
    etcd="3.5.10-0",
    feature_gates_gone=("UnversionedKubeletConfigMap",),
    cri=("v1",),
    containerd_since="1.6",
    containerd_recommended=("1.7", "1.6.15"),
    ipvs_without_modules="fails",
    has_config_validate=True,
)
_27 = replace(
    _26,
    minor=27,
    newest="v1.27.16",
    ends="2024-07-16",
    etcd="3.5.12-0",
    coredns="v1.10.1",
    config_apis=("v1beta3",),
    kubelet_flags_gone=(*_26.kubelet_flags_gone, "container-runtime"),  # kubernetes 112000
    calico="v3.28.5",
    metrics_server="v0.7.2",
)
_28 = replace(_27, minor=28, newest="v1.28.15", ends="2024-10-22", etcd="3.5.15-0")
_29 = replace(
    _28,
    minor=29,
    newest="v1.29.14",
    ends="2025-02-28",
    etcd="3.5.16-0",
    coredns="v1.11.1",
    calico="v3.29.7",
    has_super_admin=True,
)
_30 = replace(
    _29,
    minor=30,
    newest="v1.30.14",
    ends="2025-07-15",
    etcd="3.5.15-0",
    coredns="v1.11.3",
    kubelet_flags_gone=(*_29.kubelet_flags_gone, "azure-container-registry-config"),
    kubeadm_requires=("cri-tools",),
)
_31 = replace(
    _30,
    minor=31,
    newest="v1.31.14",
    ends="2025-11-11",
    pause="3.10",
    etcd="3.5.24-0",
    config_apis=("v1beta3", "v1beta4"),
    feature_gates_gone=(*_30.feature_gates_gone, "UpgradeAddonsBeforeControlPlane"),
    kubelet_flags_gone=(
        *_30.kubelet_flags_gone,
        *("iptables-drop-bit", "iptables-masquerade-bit", "keep-terminated-pod-volumes"),
    ),
    cgroup_v1="in maintenance",  # KEP-4569
    proxy_modes=("iptables", "ipvs", "nftables"),  # KEP-3866: the gate is on by default
    nft_conflict="1.1.3",  # kubernetes 136786; patches of 1.33 to 1.35 since March 2026 cure a part of it (137501)
    calico="v3.30.7",
    metrics_server="v0.8.1",
)
_32 = replace(
    _31,
    minor=32,
    newest="v1.32.13",
    ends="2026-02-28",
    containerd_recommended=("2.1.0", "2.0.1", "1.7.24", "1.6.36"),
    kernels=Kernels(since=(4, 19)),
    calico="v3.31.7",
    packages=_WITH_CRI_TOOLS,
    kubeadm_requires=(),
)
_33 = replace(
    _32,
    minor=33,
    newest="v1.33.13",
    ends="2026-06-28",
    coredns="v1.12.0",
    feature_gates_gone=(*_32.feature_gates_gone, "EtcdLearnerMode"),
    containerd_recommended=("2.1.0", "2.0.4", "1.7.24", "1.6.36"),
)
_34 = replace(
    _33,
    minor=34,
    newest="v1.34.12",
    ends="2026-10-27",
    pause="3.10.1",
    etcd="3.6.5-0",
    coredns="v1.12.1",
    kubelet_flags_gone=(*_33.kubelet_flags_gone, "cloud-config", "register-schedulable"),
    containerd_recommended=("2.1.3", "2.0.6", "1.7.28", "1.6.39"),
    kernels=Kernels(since=(6, 0), series=((5, 4), (5, 10), (5, 15)), is_required=False),
    calico="v3.32.1",
    metrics_server="v0.9.0",
    has_instance_config=True,
)
_35 = replace(
    _34,
    minor=35,
    newest="v1.35.9",
    ends="2027-02-28",
    etcd="3.6.6-0",
    coredns="v1.13.1",
    feature_gates_gone=(*_34.feature_gates_gone, "WaitForAllControlPlaneComponents"),
    kubelet_flags_gone=(*_34.kubelet_flags_gone, "pod-infra-container-image"),  # kubernetes 133779
    containerd_recommended=("2.2.0", "2.1.5", "1.7.28"),
    cgroup_v1="refused",  # kubernetes 134298
    ipvs_is_deprecated=True,  # KEP-5495
    calico="v3.33",
)
_36 = replace(
    _35,
    minor=36,
    newest="v1.36.5",
    ends="2027-06-28",
    pause="3.10.2",
    etcd="3.6.8-0",
    coredns="v1.14.2",
    feature_gates_gone=(*_35.feature_gates_gone, "ControlPlaneKubeletLocalMode"),
    containerd_recommended=("2.3.0", "2.2.0"),
)
_37 = replace(
    _36,
    minor=37,
    newest="v1.37.2",
    ends="2027-10-28",
    nft_conflict="",  # kubernetes 140405
    etcd="3.7.0-0",
    coredns="v1.14.6",
    config_apis=("v1beta4",),
    feature_gates_gone=(*_36.feature_gates_gone, "NodeLocalCRISocket", "PublicKeysECDSA"),
    kubelet_flags_gone=(*_36.kubelet_flags_gone, *CADVISOR),
    containerd_recommended=("2.4.0", "2.3.0"),
)

# From 1.38 on kubelet needs containerd 2.0 (KEP-4033: the fallback for older ones is removed).
RELEASES = (
    *(_19, _20, _21, _22, _23, _24, _25, _26, _27, _28),
    *(_29, _30, _31, _32, _33, _34, _35, _36, _37),
)
"""Every minor that k8sboot knows, the oldest first."""
