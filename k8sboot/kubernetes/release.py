"""What a row of the table of releases holds: one minor version of Kubernetes, and what depends on it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

ConfigApi = Literal["v1beta1", "v1beta2", "v1beta3", "v1beta4"]
CriApi = Literal["v1alpha2", "v1"]
ProxyMode = Literal["ipvs", "iptables", "nftables"]
BudgetApi = Literal["policy/v1beta1", "policy/v1"]


@dataclass(frozen=True)
class Kernels:
    """Kernels that kubeadm accepts: those of a series, and all since a version.

    is_required: it refuses others; else it warns.
    """

    since: tuple[int, int]
    series: tuple[tuple[int, int], ...] = ()
    is_required: bool = True

    @property
    def oldest(self) -> tuple[int, int]:
        """The oldest series that it accepts."""
        return min((*self.series, self.since))

    def accept(self, kernel: tuple[int, ...]) -> bool:
        """Whether kubeadm is content with this kernel, e.g. with (5, 10, 0)."""
        return kernel[:2] in self.series or kernel[:2] >= self.since


@dataclass(frozen=True, kw_only=True)
class Release:
    """A minor version of Kubernetes 1. None: not known. The JSON of `k8sboot releases` has these fields.

    newest: the newest patch release that this k8sboot knows of. ends: its end of life, a date.
    pause, etcd, coredns: tags of the images that kubeadm takes by default, in the newest patch whose list is known;
        older and newer patches may take others: ask kubeadm. coredns_image: its name below registry.k8s.io.
    config_apis: versions of kubeadm's configuration that its kubeadm reads, the newest last.
    feature_gates_gone, kubelet_flags_gone: kubeadm and kubelet refuse to start with them.
    coredns_folder: whether all patches of its kubeadm know that registry.k8s.io has a folder for CoreDNS.
    has_dockershim: its kubelet works with Docker itself. cri: what it speaks with every other runtime.
    containerd_since, containerd_before: the versions that serve that, '' for no limit.
    containerd_recommended: by the containerd project: each version or a later patch of its series.
    kernels: see Kernels. cgroup_v1: refused: kubelet starts only with failCgroupV1 false, and kubeadm reports an error.
    proxy_modes: modes of kube-proxy without a feature gate. proxy_default: what k8sboot writes on a new cluster.
    ipvs_without_modules: what kube-proxy does where the kernel lacks ipvs: it runs iptables, or it fails.
    ipvs_is_deprecated: kube-proxy warns of ipvs.
    nft_conflict: hosts with this version of nft or a later one may have tables that crash kube-proxy in mode nftables.
    calico: the newest version that was tested with it, a series where no patch is known. metrics_server: likewise.
    package_repository: pkgs.k8s.io, or the layout of the closed packages.cloud.google.com, which mirrors have kept.
    packages: those that no other brings in. kubeadm_requires: what the package kubeadm depends on.
    packages_held: those that general updates must not change; k8sboot installs them by name.
    control_plane_labels, control_plane_taints: what kubeadm puts on a master; the taints have the effect NoSchedule.
    kubelet_config_map: the ConfigMap with kubelet's configuration. budget_api: the API of PodDisruptionBudgets.
    kubelet_lag: the number of minors that its kubelet may be older than the API server.
    certs_command: kubeadm's command for certificates. drain_empty_dir: kubectl's option to drain Pods with an emptyDir.
    has_config_validate: `kubeadm config validate`. has_super_admin: super-admin.conf, beside an admin.conf with less.
    has_instance_config: kubelet reads the runtime's socket from instance-config.yaml.
    """

    minor: int
    newest: str
    ends: str
    pause: str
    etcd: str
    coredns: str
    coredns_image: str
    coredns_folder: Literal["none", "not always known", "known"]
    config_apis: tuple[ConfigApi, ...]
    feature_gates_gone: tuple[str, ...]
    kubelet_flags_gone: tuple[str, ...]
    has_dockershim: bool
    cri: tuple[CriApi, ...]
    containerd_since: str
    containerd_before: str
    containerd_recommended: tuple[str, ...] | None
    kernels: Kernels
    cgroup_v1: Literal["supported", "in maintenance", "refused"]
    proxy_modes: tuple[ProxyMode, ...]
    proxy_default: ProxyMode
    ipvs_without_modules: Literal["runs iptables", "fails"]
    ipvs_is_deprecated: bool
    nft_conflict: str = ""
    calico: str
    metrics_server: str
    package_repository: Literal["packages.cloud.google.com", "pkgs.k8s.io"]
    packages: tuple[str, ...]
    packages_held: tuple[str, ...]
    kubeadm_requires: tuple[str, ...]
    control_plane_labels: tuple[str, ...]
    control_plane_taints: tuple[str, ...]
    kubelet_config_map: str
    budget_api: BudgetApi
    kubelet_lag: int
    certs_command: tuple[str, ...]
    drain_empty_dir: str
    has_config_validate: bool
    has_super_admin: bool
    has_instance_config: bool

    @property
    def name(self) -> str:
        """As in 1.23."""
        return f"1.{self.minor}"

    @property
    def config_api(self) -> ConfigApi:
        """The version of kubeadm's configuration to write: the newest that its kubeadm reads."""
        return self.config_apis[-1]
