"""Chapter 2.3.1: the configuration file of kubeadm init, in the API of its version."""

from __future__ import annotations

from k8sboot import ensure
from k8sboot.cluster import Cluster
from k8sboot.desired.kubeadm import control_plane, is_member, kubelet_fields, registration
from k8sboot.host.host import Host
from k8sboot.host.reads import Reads
from k8sboot.kubernetes import commands, config
from k8sboot.kubernetes.paths import ADMIN_CONF, KUBELET_CONF
from k8sboot.paths import KUBEADM_CONFIG, UNFINISHED
from k8sboot.phase import first_master, phase
from k8sboot.templates import render


@phase(
    on=first_master,
    reads=Reads(files=(KUBEADM_CONFIG, ADMIN_CONF, KUBELET_CONF, UNFINISHED)),
    after=("preflight",),
)
def kubeadm_config(cluster: Cluster, host: Host) -> None:
    """Write kubeadm's configuration."""
    proxy, patches = cluster.spec.kube_proxy, cluster.spec.kubeadm
    text = config.kubeadm_config(
        render,
        control_plane(cluster),
        registration(cluster, host),
        proxy=config.Proxy(mode=proxy.mode, scheduler=proxy.scheduler, strict_arp=proxy.strict_arp),
        patches={
            "InitConfiguration": patches.init_configuration,
            "ClusterConfiguration": patches.cluster_configuration,
            "KubeletConfiguration": kubelet_fields(cluster.spec),
            "KubeProxyConfiguration": patches.kube_proxy_configuration,
        },
    )
    if is_member(host):  # the file says how the cluster was made; what differs now is told by `differences`
        text = host.read_file(KUBEADM_CONFIG) or text
    ensure.file(host, KUBEADM_CONFIG, text, mode=0o600)
    if host.file(ADMIN_CONF) is None:
        host.expect("kubeadm to know every field of its configuration", lambda: _refused(cluster, host))


def _refused(cluster: Cluster, host: Host) -> str:
    """What this kubeadm rejects in the file. Older versions only warn about an unknown field and ignore it."""
    can_validate = cluster.spec.cluster.release.has_config_validate
    check = commands.config_validate if can_validate else commands.config_migrate
    done = host.ask(check(KUBEADM_CONFIG))
    output = done.stderr.decode("utf-8", "replace")
    unknown = config.unknown_fields(output)
    if unknown:
        return f"unknown fields: {', '.join(unknown)}; check the inventory's kubeadm section"
    return "" if done.exit_status == 0 else output.strip()[-500:]
