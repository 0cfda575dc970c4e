"""Chapter 2.3.1: the file that kubeadm init reads, in the API that its version speaks."""

from __future__ import annotations

from k8sboot import ensure
from k8sboot.cluster import Cluster
from k8sboot.host import Host
from k8sboot.kubernetes import config
from k8sboot.phase import first_master, phase
from k8sboot.phases.control_plane import ADMIN_CONF, CONFIG, control_plane, registration
from k8sboot.probe import Reads
from k8sboot.templates import render


@phase(on=first_master, reads=Reads(files=(CONFIG, ADMIN_CONF)), after=("preflight",))
def kubeadm_config(cluster: Cluster, host: Host) -> None:
    """Write kubeadm's configuration."""
    proxy, patches = cluster.spec.kube_proxy, cluster.spec.kubeadm
    text = config.kubeadm_config(
        render,
        control_plane(cluster),
        registration(host),
        proxy=config.Proxy(mode=proxy.mode, scheduler=proxy.scheduler, strict_arp=proxy.strict_arp),
        patches={
            "InitConfiguration": patches.init_configuration,
            "ClusterConfiguration": patches.cluster_configuration,
            "KubeletConfiguration": patches.kubelet_configuration,
            "KubeProxyConfiguration": patches.kube_proxy_configuration,
        },
    )
    ran_with = host.read_file(CONFIG)
    if host.file(ADMIN_CONF) is not None and ran_with is not None and ran_with != text:
        host.notice(
            "KB-CONFIG-LATE",
            "the control plane runs already: what changes in kubeadm's configuration does not reach it",
        )
    ensure.file(host, CONFIG, text, mode=0o600)
