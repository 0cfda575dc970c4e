"""Chapter 2.5: the pods' network."""

from __future__ import annotations

from k8sboot import ensure
from k8sboot.cluster import Cluster
from k8sboot.desired.calico import calico_manifest
from k8sboot.host.host import Host
from k8sboot.host.reads import Reads
from k8sboot.phase import first_master, phase


@phase(
    on=first_master,
    reads=Reads(files=(ensure.manifest_path("calico"),)),
    after=("kubeadm-init",),
    is_for_cluster=True,
)
def calico(cluster: Cluster, host: Host) -> None:
    """Install Calico, the pods' network."""
    if cluster.spec.calico.enabled:
        ensure.manifest(host, "calico", calico_manifest(cluster))
