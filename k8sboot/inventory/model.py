"""What an inventory says, as frozen values. No file, no YAML, no connection in here.

Names follow the inventory's keys in snake_case; inventory.example.yaml documents each of them.
Durations are seconds, sizes bytes, unless a name says otherwise.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from k8sboot.secret import Secret

HostKeyPolicy = Literal["accept-new", "strict", "insecure"]
ProxyMode = Literal["ipvs", "iptables"]
Encapsulation = Literal["ipip", "vxlan", "none"]
RuntimeName = Literal["docker"]


@dataclass(frozen=True)
class SshSettings:
    """How to log in. `None` means: not said here (ssh_config, then the built-in default, decide)."""

    user: str | None = None
    port: int | None = None
    identity_file: str | None = None
    passphrase: Secret | None = None
    password: Secret | None = None
    sudo_password: Secret | None = None
    host_key_policy: HostKeyPolicy = "accept-new"
    host_key: str | None = None
    known_hosts_file: str | None = None
    jump: str | None = None
    config_file: str | None = None
    connect_timeout: int = 10


@dataclass(frozen=True)
class HostSpec:
    """One machine of the inventory. ssh: the defaults with this host's own keys laid over them."""

    name: str
    address: str
    role: Literal["master", "node"]
    ssh: SshSettings = field(default_factory=SshSettings)


@dataclass(frozen=True)
class ClusterSettings:
    """The `cluster` section. control_plane_endpoint is always host:port once loaded."""

    name: str = "kubernetes"
    kubernetes_version: str = "v1.23.17"
    control_plane_endpoint: str = ""
    pod_subnet: str = "172.16.0.0/16"
    service_subnet: str = "10.96.0.0/16"
    dns_domain: str = "cluster.local"
    image_repository: str = "registry.cn-hangzhou.aliyuncs.com/google_containers"
    cert_sans: tuple[str, ...] = ()


@dataclass(frozen=True)
class Repository:
    """A package repository. suite and components are apt's words and default to the OS family's own.

    fingerprint: of the keys that may be in the key file, parted by blanks.
    """

    url: str
    key: str = ""
    fingerprint: str = ""
    suite: str = ""
    components: tuple[str, ...] = ()


@dataclass(frozen=True)
class KernelPackage:
    """A package of a newer kernel. sha256: in hexadecimal."""

    url: str
    sha256: str


@dataclass(frozen=True)
class KernelSettings:
    """The `os.kernel` section. minimum: '5.4' or '5.4.278'; empty means that any kernel will do."""

    minimum: str = ""
    packages: tuple[KernelPackage, ...] = ()


@dataclass(frozen=True)
class OsSettings:
    """The `os` section: how the machines themselves are prepared."""

    timezone: str = "Asia/Shanghai"
    time_sync: Literal["chrony", "ntpdate", "none"] = "chrony"
    ntp_servers: tuple[str, ...] = ("ntp.aliyun.com",)
    mirror: str = "aliyun"
    repositories: Mapping[str, Repository] = field(default_factory=dict)
    packages: tuple[str, ...] = ()
    update: bool = False
    selinux: Literal["permissive", "disabled"] = "permissive"
    distribute_key: bool = False
    open_files: int = 655360
    processes: int = 655350
    modules: tuple[str, ...] = ()
    sysctl: Mapping[str, str] = field(default_factory=dict)
    kernel: KernelSettings = field(default_factory=KernelSettings)


@dataclass(frozen=True)
class RuntimeSettings:
    """The `runtime` section. version: a prefix of the package's upstream version."""

    name: RuntimeName = "docker"
    version: str = "20.10"
    packages: tuple[str, ...] = ("docker-ce", "docker-ce-cli", "containerd.io")
    registry_mirrors: tuple[str, ...] = ()
    insecure_registries: tuple[str, ...] = ()
    log_max_size: str = "100m"
    log_max_file: int = 3


@dataclass(frozen=True)
class CalicoSettings:
    """The `calico` section. manifest: URL or file; empty means upstream's for the version.

    mtu 0 lets Calico detect it; typha_replicas -1 derives them from the number of nodes.
    """

    enabled: bool = True
    version: str = "v3.25.2"
    manifest: str = ""
    sha256: str = ""
    image_repository: str = ""
    encapsulation: Encapsulation = "ipip"
    mtu: int = 0
    typha_replicas: int = -1


@dataclass(frozen=True)
class MetricsServerSettings:
    """The `metricsServer` section. image empty: image_repository's own, version by Kubernetes' minor."""

    enabled: bool = True
    image: str = ""
    replicas: int = 1
    kubelet_insecure_tls: bool = True


@dataclass(frozen=True)
class KubeProxySettings:
    """The `kubeProxy` section."""

    mode: ProxyMode = "ipvs"
    scheduler: str = "rr"
    strict_arp: bool = False


@dataclass(frozen=True)
class KubeadmPatches:
    """Free fields laid over what k8sboot renders, one mapping per kubeadm document kind."""

    cluster_configuration: Mapping[str, Any] = field(default_factory=dict)
    init_configuration: Mapping[str, Any] = field(default_factory=dict)
    join_configuration: Mapping[str, Any] = field(default_factory=dict)
    kubelet_configuration: Mapping[str, Any] = field(default_factory=dict)
    kube_proxy_configuration: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Spec:
    """A whole inventory, checked and with every default filled in. Secrets are resolved."""

    cluster: ClusterSettings
    masters: tuple[HostSpec, ...]
    nodes: tuple[HostSpec, ...]
    os: OsSettings = field(default_factory=OsSettings)
    runtime: RuntimeSettings = field(default_factory=RuntimeSettings)
    calico: CalicoSettings = field(default_factory=CalicoSettings)
    metrics_server: MetricsServerSettings = field(default_factory=MetricsServerSettings)
    kube_proxy: KubeProxySettings = field(default_factory=KubeProxySettings)
    kubeadm: KubeadmPatches = field(default_factory=KubeadmPatches)

    @property
    def hosts(self) -> tuple[HostSpec, ...]:
        """Masters first, then nodes, as the inventory lists them."""
        return self.masters + self.nodes
