"""The inventory as frozen values: each field is a key of the file, under its name in camelCase.

Form and default stand beside it, its help in the docstring; keys.py reads them. Durations are seconds, sizes bytes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

from k8sboot.inventory import forms
from k8sboot.inventory.kinds import Derived, LocalPath, Number, Unavailable
from k8sboot.secret import Secret

SelinuxMode = Literal["permissive", "disabled"]
RuntimeName = Literal["docker"]
Scheduler = Literal["rr", "wrr", "lc", "wlc", "lblc", "lblcr", "sh", "dh", "sed", "nq", "fo", "ovf", "mh"]


@dataclass(frozen=True)
class SshSettings:
    """How to log in. `None` means not set here: ssh_config decides, then OpenSSH's default.

    user: The user to log in as: root, or a user with sudo.
    port: No default: the port from ssh_config, or 22.
    identity_file: No default: the SSH agent and the usual keys in ~/.ssh.
    passphrase: The passphrase of an encrypted key.
    password: No default: password login is not tried.
    sudo_password: No default: only needed if sudo asks the user for a password.
    host_key_policy: accept-new records new keys and refuses changed ones; strict refuses both; insecure accepts any.
    host_key: No default: pins the host's key, as `ssh-ed25519 AAAA...` or `SHA256:...`. Usually set per host.
    known_hosts_file: No default: ~/.ssh/known_hosts.
    jump: No default: jump hosts as [USER@]HOST[:PORT], separated by commas; `none` connects directly.
    config_file: No default: ~/.ssh/config; `none` reads no configuration file.
    connect_timeout: Connection timeout in seconds.
    """

    user: Annotated[str | None, forms.user] = None
    port: Annotated[int | None, Number(1, 65535)] = None
    identity_file: Annotated[str | None, LocalPath(must_exist=True)] = None
    passphrase: Secret | None = None
    password: Secret | None = None
    sudo_password: Secret | None = None
    host_key_policy: Literal["accept-new", "strict", "insecure"] = "accept-new"
    host_key: Annotated[str | None, forms.host_key] = None
    known_hosts_file: Annotated[str | None, LocalPath()] = None
    jump: Annotated[str | None, forms.jump] = None
    config_file: Annotated[str | None, LocalPath(unless="none")] = None
    connect_timeout: Annotated[int, Number(1, 600)] = 10


@dataclass(frozen=True)
class HostSpec:
    """One host of the inventory.

    name: The Kubernetes node name; k8sboot also sets it as the host name. Lower-case letters, digits and `-`.
    address: IP address or DNS name that the other hosts can reach.
    ssh: How to log in, for all hosts; a host can override any of these keys. The rest comes from ~/.ssh/config.
    """

    name: Annotated[str, forms.label]
    address: Annotated[str, forms.address]
    role: Annotated[Literal["master", "node"], Derived()]
    ssh: SshSettings = field(default_factory=SshSettings)


@dataclass(frozen=True)
class ClusterSettings:
    """The `cluster` section. control_plane_endpoint is always host:port once loaded.

    name: The cluster's name in kubeconfig files and k8sboot's records: lower-case letters, digits and `-`.
    kubernetes_version: 1.19 to 1.23, always with the patch release. Kubernetes 1.24 and later cannot use Docker.
    control_plane_endpoint: HOST or HOST:PORT at which every host reaches the API server. Default: the first master's
        address. With several masters use a DNS name, a load balancer or a virtual IP: it is hard to change later.
    pod_subnet: Private IPv4 network of the pods, a /24 per host, outside the hosts' networks and 172.17.0.0/16.
    service_subnet: Private IPv4 network of the Services, outside podSubnet, the hosts' networks and 172.17.0.0/16.
    dns_domain: DNS domain of the Services.
    image_repository: Registry of the Kubernetes images; registry.k8s.io if the hosts can reach it.
    cert_sans: Additional names and addresses for the API server's certificate.
    """

    name: Annotated[str, forms.label] = "kubernetes"
    kubernetes_version: Annotated[str, forms.kubernetes_version] = "v1.23.17"
    control_plane_endpoint: Annotated[str, forms.endpoint] = ""
    pod_subnet: Annotated[str, forms.network] = "172.16.0.0/16"
    service_subnet: Annotated[str, forms.network] = "10.96.0.0/16"
    dns_domain: Annotated[str, forms.dns_name] = "cluster.local"
    image_repository: Annotated[str, forms.image_repository] = (
        "registry.cn-hangzhou.aliyuncs.com/google_containers"
    )
    cert_sans: Annotated[tuple[str, ...], forms.alternative_name] = ()


@dataclass(frozen=True)
class Repository:
    """A package repository. Once loaded, the fingerprints are separated by blanks.

    url: For yum: the directory that contains repodata/; $basearch is replaced.
    key: Signing key, a URL or a file.
    fingerprint: Fingerprint of the signing key, verified if set; separate several with commas.
    suite: apt only. Default: what the system uses.
    components: apt only. Default: what the system uses.
    """

    url: Annotated[str, forms.url]
    key: Annotated[str, forms.url_or_file, LocalPath(must_exist=True)] = ""
    fingerprint: Annotated[str, forms.fingerprint] = ""
    suite: Annotated[str, forms.suite] = ""
    components: Annotated[tuple[str, ...], forms.word] = ()


@dataclass(frozen=True)
class KernelPackage:
    """A package of a newer kernel.

    url: Where to download the package.
    sha256: Its SHA-256 in hexadecimal.
    """

    url: Annotated[str, forms.url]
    sha256: Annotated[str, forms.sha256]


@dataclass(frozen=True)
class KernelSettings:
    """The `os.kernel` section.

    minimum: Oldest acceptable kernel version, for example 5.4 or 5.4.278. Empty: any kernel.
    packages: The new kernel's packages, including dependencies that the hosts' repositories lack.
    """

    minimum: Annotated[str, forms.kernel_version] = ""
    packages: tuple[KernelPackage, ...] = ()


@dataclass(frozen=True)
class OsSettings:
    """The `os` section.

    timezone: Area/City, or UTC.
    time_sync: chrony, ntpdate (queries the servers every five minutes from cron), or none (leaves the clocks alone).
    ntp_servers: Time servers.
    mirror: Package mirror: aliyun, ustc, tuna (all in China), or upstream. Packages of CentOS 7.9 itself are only left
        in archives; to use a mirror of your own, set its repositories below.
    repositories: Additional repositories by name. `docker` and `kubernetes` replace the mirror's; on CentOS 7 also
        `base`, `updates`, `extras` and `epel`. With hosts of both families use `rhel.docker` and `debian.docker`.
    packages: Additional packages for every host. A package that no repository offers is reported and skipped.
    update: Update all packages except the kernel, Docker and Kubernetes.
    selinux: permissive, or disabled from the next boot on. A host with a laxer mode keeps it.
    distribute_key: Let root on the first master log in to all other hosts with an SSH key.
    open_files: Maximum number of open files, for users and services.
    processes: Maximum number of processes, for users and services.
    modules: Additional kernel modules, loaded now and at boot.
    sysctl: Additional kernel parameters, for example {net.core.somaxconn: 32768}.
    kernel: No default: a newer kernel for hosts whose kernel is older than minimum. Masters reboot one at a time, nodes
        a few at a time. A host on which the new kernel fails to boot returns to the old one by itself.
    """

    timezone: Annotated[str, forms.timezone] = "Asia/Shanghai"
    time_sync: Literal["chrony", "ntpdate", "none"] = "chrony"
    ntp_servers: Annotated[tuple[str, ...], forms.address] = ("ntp.aliyun.com",)
    mirror: Literal["upstream", "aliyun", "ustc", "tuna"] = "aliyun"
    repositories: Annotated[Mapping[str, Repository], forms.word] = field(default_factory=dict)
    packages: Annotated[tuple[str, ...], forms.package] = ()
    update: bool = False
    selinux: Annotated[SelinuxMode, Unavailable({"enforcing": "kubeadm does not run with it"})] = "permissive"
    distribute_key: bool = False
    open_files: Annotated[int, Number(1024, 1_048_576)] = 655360
    processes: Annotated[int, Number(1024, 4_194_304)] = 655350
    modules: Annotated[tuple[str, ...], forms.module] = ()
    sysctl: Annotated[Mapping[str, str], forms.sysctl] = field(default_factory=dict)
    kernel: KernelSettings = field(default_factory=KernelSettings)


@dataclass(frozen=True)
class RuntimeSettings:
    """The `runtime` section.

    name: The container runtime. Only docker for now; containerd comes with a later release.
    version: The version or a prefix of it; every host gets the same one.
    packages: The runtime's packages.
    registry_mirrors: Mirrors of Docker Hub, as URLs.
    insecure_registries: Registries as HOST:PORT that use plain HTTP or have no valid certificate.
    log_max_size: Size at which a container's log is rotated.
    log_max_file: Number of log files to keep per container.
    """

    name: Annotated[RuntimeName, Unavailable({"containerd": "a later release will support it"})] = "docker"
    version: Annotated[str, forms.version_prefix] = "20.10"
    packages: Annotated[tuple[str, ...], forms.package] = ("docker-ce", "docker-ce-cli", "containerd.io")
    registry_mirrors: Annotated[tuple[str, ...], forms.url] = ()
    insecure_registries: Annotated[tuple[str, ...], forms.registry] = ()
    log_max_size: Annotated[str, forms.size] = "100m"
    log_max_file: Annotated[int, Number(1, 1000)] = 3


@dataclass(frozen=True)
class CalicoSettings:
    """The `calico` section.

    enabled: Install Calico.
    version: Calico's version, with the patch release.
    manifest: A URL or a file to use instead of upstream's manifest for that version.
    sha256: The manifest's SHA-256. k8sboot knows it for the versions it was tested with.
    image_repository: Registry of Calico's images. Empty: as in the manifest.
    encapsulation: ipip, vxlan (for networks that drop IP-in-IP, as many clouds do), or none (flat networks only).
    mtu: 0 lets Calico detect it.
    typha_replicas: -1 derives it from the number of hosts.
    """

    enabled: bool = True
    version: Annotated[str, forms.calico_version] = "v3.25.2"
    manifest: Annotated[str, forms.url_or_file, LocalPath(must_exist=True)] = ""
    sha256: Annotated[str, forms.sha256] = ""
    image_repository: Annotated[str, forms.image_repository] = ""
    encapsulation: Literal["ipip", "vxlan", "none"] = "ipip"
    mtu: Annotated[int, Number(0, 9216)] = 0
    typha_replicas: Annotated[int, Number(-1, 200)] = -1


@dataclass(frozen=True)
class MetricsServerSettings:
    """The `metricsServer` section.

    enabled: Install metrics-server.
    image: Its image. Empty: from cluster.imageRepository, in the version that fits Kubernetes.
    replicas: Number of replicas.
    kubelet_insecure_tls: Do not verify the kubelets' certificates, which are self-signed unless you changed that.
    """

    enabled: bool = True
    image: Annotated[str, forms.image] = ""
    replicas: Annotated[int, Number(1, 10)] = 1
    kubelet_insecure_tls: bool = True


@dataclass(frozen=True)
class KubeProxySettings:
    """The `kubeProxy` section.

    mode: ipvs or iptables; ipvs needs kernel modules, which are checked on every host.
    scheduler: IPVS scheduler: rr, wrr, lc, wlc, lblc, lblcr, sh, dh, sed, nq, fo, ovf or mh.
    strict_arp: Required by MetalLB in layer 2 mode.
    """

    mode: Literal["ipvs", "iptables"] = "ipvs"
    scheduler: Scheduler = "rr"
    strict_arp: bool = False


@dataclass(frozen=True)
class KubeadmPatches:
    """The `kubeadm` section.

    cluster_configuration: For example {apiServer: {extraArgs: {profiling: "false"}}}.
    init_configuration: Used by `kubeadm init` on the first master.
    join_configuration: Used by `kubeadm join` on all other hosts.
    kubelet_configuration: For example {maxPods: 200, kubeReserved: {cpu: 200m}}.
    kube_proxy_configuration: For example {conntrack: {maxPerCore: 65536}}.
    """

    cluster_configuration: Mapping[str, Any] = field(default_factory=dict)
    init_configuration: Mapping[str, Any] = field(default_factory=dict)
    join_configuration: Mapping[str, Any] = field(default_factory=dict)
    kubelet_configuration: Mapping[str, Any] = field(default_factory=dict)
    kube_proxy_configuration: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Spec:
    """A whole inventory, checked and with every default filled in. Secrets are resolved.

    cluster: The cluster as a whole.
    masters: Hosts of the control plane: one, or an odd number.
    nodes: Hosts that run your pods.
    os: How the hosts are prepared.
    runtime: The container runtime.
    calico: The pod network.
    metrics_server: Resource metrics for `kubectl top` and autoscaling.
    kube_proxy: Service routing on the hosts.
    kubeadm: Fields of kubeadm's own documents, merged over what k8sboot renders. Types in here: a quoted value is
        text; unquoted null, true, false and plain numbers (200, 0.8) keep their type; anything else (1.30, 0644, no,
        22:22) is text.
    """

    cluster: ClusterSettings = field(default_factory=ClusterSettings)
    masters: tuple[HostSpec, ...]
    nodes: tuple[HostSpec, ...] = ()
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
