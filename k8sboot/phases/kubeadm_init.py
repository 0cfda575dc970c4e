"""Chapter 2.4: the control plane."""

from __future__ import annotations

from k8sboot import ensure, runtime
from k8sboot.cluster import Cluster
from k8sboot.desired.kubeadm import cri_socket, marked
from k8sboot.diagnosis.diagnose import NODES
from k8sboot.host.host import Host
from k8sboot.host.reads import Reads
from k8sboot.kubernetes import commands
from k8sboot.kubernetes.paths import ADMIN_CONF
from k8sboot.paths import KUBEADM_CONFIG
from k8sboot.phase import first_master, phase


@phase(
    on=first_master,
    reads=Reads(files=(ADMIN_CONF,), cluster=(commands.api_ready(),)),
    after=("preflight",),
    diagnosis=NODES,
)
def kubeadm_init(cluster: Cluster, host: Host) -> None:
    """Create the control plane."""
    reset = commands.kubeadm_reset(cri_socket(cluster))
    is_undone = ensure.reset_unfinished(host, runtime.of(cluster.spec), reset)
    if is_undone or host.file(ADMIN_CONF) is None:
        host.change(
            "kubeadm init", *marked(cluster, commands.kubeadm_init(KUBEADM_CONFIG)), timeout=900, job=True
        )
    host.wait("the API server to be ready", lambda: ensure.apiserver_is_not_ready(host), timeout=300)
