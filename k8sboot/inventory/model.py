"""The inventory as frozen values: each field is a key of the file, under its name in camelCase.

Form and default stand beside it, its help in the docstring; keys.py reads them. Durations are seconds, sizes bytes.
Of the defaults that defaults.py fills in by the release of Kubernetes, those of 1.23 stand here.

Annotations are types here and in the sections' modules, not strings, which each command would have to compile.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

from k8sboot.inventory import endpoint_forms, forms, node_forms, url_forms
from k8sboot.inventory.hosts import HostSpec
from k8sboot.inventory.kinds import APPLIED, FIXED, Derived, LocalPath, Number, needs
from k8sboot.inventory.os_settings import Mirror, OsSettings
from k8sboot.inventory.proxy import ProxySettings
from k8sboot.inventory.runtime_settings import RuntimeSettings
from k8sboot.kubernetes.release import ProxyMode, Release
from k8sboot.kubernetes.versions import KubernetesVersion

UPGRADE = needs("an upgrade, which comes with a later release")
CERTIFICATES = needs("new certificates")
POOL = needs("`kubectl patch ippool`")
NETWORK = needs("a move of all Pods to the other network by hand")
KUBEADM = needs("kubeadm by hand", is_refused=False)

Scheduler = Literal["rr", "wrr", "lc", "wlc", "lblc", "lblcr", "sh", "dh", "sed", "nq", "fo", "ovf", "mh"]


@dataclass(frozen=True)
class ClusterSettings:
    """The `cluster` section. control_plane_endpoint is always host:port once loaded.

    name: The cluster's name in kubeconfig files and k8sboot's records: lower-case letters, digits and `-`.
    kubernetes_version: Required: the version, with its patch release. `k8sboot releases` lists those that it installs.
    control_plane_endpoint: HOST or HOST:PORT at which every host reaches the API server. Default: the first master's
        nodeAddress. With several masters use a DNS name, a load balancer or a virtual IP: it is hard to change later.
    pod_subnet: Private IPv4 network of the pods, a /24 per host, outside the hosts' networks and 172.17.0.0/16.
    service_subnet: Private IPv4 network of the Services, outside podSubnet, the hosts' networks and 172.17.0.0/16.
    dns_domain: DNS domain of the Services.
    image_repository: Registry of the Kubernetes images. Default: registry.k8s.io, with `mirror: aliyun` the one of
        Aliyun.
    cert_sans: Additional names and addresses for the API server's certificate.
    """

    name: Annotated[str, forms.label, FIXED] = "kubernetes"
    kubernetes_version: Annotated[str, forms.kubernetes_version, UPGRADE] = ""
    control_plane_endpoint: Annotated[str, endpoint_forms.endpoint, FIXED] = ""
    pod_subnet: Annotated[str, forms.network, FIXED] = "172.16.0.0/16"
    service_subnet: Annotated[str, forms.network, FIXED] = "10.96.0.0/16"
    dns_domain: Annotated[str, forms.kubernetes_name, FIXED] = "cluster.local"
    image_repository: Annotated[str, url_forms.image_repository, KUBEADM] = "registry.k8s.io"
    cert_sans: Annotated[tuple[str, ...], forms.alternative_name, CERTIFICATES] = ()

    @property
    def version(self) -> KubernetesVersion:
        """kubernetes_version, parsed. Raises UsageError without one."""
        return KubernetesVersion.parse(self.kubernetes_version)

    @property
    def release(self) -> Release:
        """What depends on its minor; for one that k8sboot does not know, the nearest that it does."""
        return self.version.release


@dataclass(frozen=True)
class NetworkSettings:
    """The `network` section.

    plugin: The pod network: calico (see the section below); manifest, which applies any other plugin's own; or none,
        which leaves it to you: `up` then ends with nodes that are not Ready.
    manifest: With plugin manifest: a URL or a file. cluster.podSubnet is set where it has a place for it: flannel's
        `net-conf.json` and the variable `CALICO_IPV4POOL_CIDR`. Objects that a later one leaves out are not removed.
    sha256: The manifest's SHA-256.
    """

    plugin: Annotated[Literal["calico", "manifest", "none"], NETWORK] = "calico"
    manifest: Annotated[str, url_forms.url_or_file, LocalPath(must_exist=True)] = ""
    sha256: Annotated[str, forms.sha256] = ""


@dataclass(frozen=True)
class CalicoSettings:
    """The `calico` section.

    enabled: false is the older form of `network: {plugin: none}`.
    version: Calico's version, with the patch release. Default: the one that suits the release of Kubernetes.
    manifest: A URL or a file to use instead of upstream's manifest for that version.
    sha256: The manifest's SHA-256. k8sboot knows it for the versions it was tested with.
    image_repository: Registry of Calico's images. Empty: as in the manifest.
    encapsulation: ipip, vxlan (for networks that drop IP-in-IP, as many clouds do), or none (flat networks only).
    mtu: 0 lets Calico detect it.
    typha_replicas: -1 derives it from the number of hosts.
    """

    enabled: bool = True
    version: Annotated[str, forms.calico_version] = "v3.25.2"
    manifest: Annotated[str, url_forms.url_or_file, LocalPath(must_exist=True)] = ""
    sha256: Annotated[str, forms.sha256] = ""
    image_repository: Annotated[str, url_forms.image_repository] = ""
    encapsulation: Annotated[Literal["ipip", "vxlan", "none"], POOL] = "ipip"
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

    mode: iptables, ipvs, or nftables (from Kubernetes 1.31 on, with kernel 5.13 or later). ipvs needs kernel modules,
        which are checked on every host; Kubernetes 1.40 turns it off. Default: iptables, up to Kubernetes 1.23 ipvs.
    scheduler: IPVS scheduler: rr, wrr, lc, wlc, lblc, lblcr, sh, dh, sed, nq, fo, ovf or mh.
    strict_arp: Required by MetalLB in layer 2 mode.
    """

    mode: ProxyMode = "ipvs"
    scheduler: Scheduler = "rr"
    strict_arp: bool = False


@dataclass(frozen=True)
class SmokeSettings:
    """The `smoke` section.

    image: The image of its Pods. Empty: agnhost of cluster.imageRepository; registry.k8s.io has it in the folder
        e2e-test-images. Another one needs the program /agnhost of version 2.40 or later as its entrypoint, and
        /bin/sh with cat, hostname, sleep and touch.
    """

    image: Annotated[str, forms.image] = ""


@dataclass(frozen=True)
class KubeadmPatches:
    """The `kubeadm` section.

    cluster_configuration: For example {apiServer: {extraArgs: {profiling: "false"}}}.
    init_configuration: Used by `kubeadm init` on the first master.
    join_configuration: Used by `kubeadm join` on all other hosts, when they join.
    kubelet_configuration: For example {maxPods: 200, kubeReserved: {cpu: 200m}}.
    kube_proxy_configuration: For example {conntrack: {maxPerCore: 65536}}.
    """

    cluster_configuration: Annotated[Mapping[str, Any], KUBEADM] = field(default_factory=dict)
    init_configuration: Annotated[Mapping[str, Any], FIXED] = field(default_factory=dict)
    join_configuration: Annotated[Mapping[str, Any], APPLIED] = field(default_factory=dict)
    kubelet_configuration: Annotated[Mapping[str, Any], KUBEADM] = field(default_factory=dict)
    kube_proxy_configuration: Annotated[Mapping[str, Any], APPLIED] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Spec:
    """A whole inventory, checked and with every default filled in. Secrets are resolved.

    cluster: The cluster as a whole.
    mirror: Where packages and the images of Kubernetes come from: upstream, or a mirror in China: aliyun, or ustc or
        tuna, which have packages and no images. cluster.imageRepository sets images alone, os.repositories single
        repositories. Packages of CentOS 7.9 itself are only left in archives.
    masters: Hosts of the control plane: one, or an odd number.
    nodes: Hosts that run your pods.
    labels: Labels of all nodes, for example {disk: ssd}; a host can have more. A label that is removed here is removed
        from the nodes if k8sboot has set it.
    taints: Taints of all nodes as KEY=VALUE:EFFECT, for example [gpu=true:NoSchedule]; a host can have more. A taint
        that is removed here is removed from the nodes if k8sboot has set it.
    kubelet_extra_args: Flags of kubelet on all hosts, without dashes, for example {v: 4}; a host can have more. A
        change restarts kubelet. What kubelet's configuration file knows belongs to kubeadm.kubeletConfiguration.
    os: How the hosts are prepared.
    proxy: Proxies for packages and images, on all hosts.
    runtime: The container runtime.
    network: The pod network.
    calico: Calico, with network.plugin calico.
    metrics_server: Resource metrics for `kubectl top` and autoscaling.
    kube_proxy: Service routing on the hosts.
    smoke: The acceptance test: `k8sboot smoke`, `k8sboot up --smoke`.
    kubeadm: Fields of kubeadm's own documents, merged over what k8sboot renders. Types in here: a quoted value is
        text; unquoted null, true, false and plain numbers (200, 0.8) keep their type; anything else (1.30, 0644, no,
        22:22) is text.
    said: The keys that the file sets, by dotted name; on a running cluster the others keep what is there.
    """

    cluster: ClusterSettings = field(default_factory=ClusterSettings)
    mirror: Annotated[Mirror, APPLIED] = "upstream"
    masters: tuple[HostSpec, ...]
    nodes: tuple[HostSpec, ...] = ()
    labels: Annotated[Mapping[str, str], node_forms.label_key, node_forms.label_value, APPLIED] = field(
        default_factory=dict
    )
    taints: Annotated[tuple[str, ...], node_forms.taint, APPLIED] = ()
    kubelet_extra_args: Annotated[
        Mapping[str, str], node_forms.kubelet_flag, node_forms.flag_value, APPLIED
    ] = field(default_factory=dict)
    os: Annotated[OsSettings, APPLIED] = field(default_factory=OsSettings)
    proxy: Annotated[ProxySettings, APPLIED] = field(default_factory=ProxySettings)
    runtime: Annotated[RuntimeSettings, APPLIED] = field(default_factory=RuntimeSettings)
    network: Annotated[NetworkSettings, APPLIED] = field(default_factory=NetworkSettings)
    calico: Annotated[CalicoSettings, APPLIED] = field(default_factory=CalicoSettings)
    metrics_server: Annotated[MetricsServerSettings, APPLIED] = field(default_factory=MetricsServerSettings)
    kube_proxy: Annotated[KubeProxySettings, APPLIED] = field(default_factory=KubeProxySettings)
    smoke: Annotated[SmokeSettings, APPLIED] = field(default_factory=SmokeSettings)
    kubeadm: KubeadmPatches = field(default_factory=KubeadmPatches)
    said: Annotated[frozenset[str], Derived()] = field(default=frozenset(), compare=False)

    @property
    def hosts(self) -> tuple[HostSpec, ...]:
        """Masters first, then nodes, as the inventory lists them."""
        return self.masters + self.nodes

    @property
    def plugin(self) -> str:
        """The plugin of the pod network: calico, manifest or none."""
        is_off = self.network.plugin == "calico" and not self.calico.enabled
        return "none" if is_off else self.network.plugin

    @property
    def proxy_mode(self) -> str:
        """The mode that kube-proxy is to run in; kubeadm's free fields take precedence."""
        return str(self.kubeadm.kube_proxy_configuration.get("mode") or self.kube_proxy.mode)
