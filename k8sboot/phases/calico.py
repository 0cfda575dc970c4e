"""Chapter 2.5: the pods' network."""

from __future__ import annotations

from k8sboot import ensure, fetch
from k8sboot.cluster import Cluster
from k8sboot.host import Host
from k8sboot.kubernetes import calico as manifests
from k8sboot.phase import first_master, phase
from k8sboot.phases.control_plane import version
from k8sboot.probe import Reads

NAMESPACE = "kube-system"


@phase(
    on=first_master,
    reads=Reads(files=(ensure.manifest_path("calico"),)),
    after=("kubeadm-init",),
    is_for_cluster=True,
)
def calico(cluster: Cluster, host: Host) -> None:
    """Install Calico, the pods' network."""
    settings, wanted = cluster.spec.calico, cluster.spec.cluster
    if not settings.enabled:
        return
    source = settings.manifest or manifests.manifest_url(settings.version)
    pinned = settings.sha256 or (
        "" if settings.manifest else manifests.MANIFEST_SHA256.get(settings.version, "")
    )
    replicas = settings.typha_replicas
    options = manifests.CalicoOptions(
        pod_cidr=wanted.pod_subnet,
        kubernetes_version=version(cluster),
        encapsulation=settings.encapsulation,
        mtu=settings.mtu,
        typha_replicas=manifests.typha_replicas(len(cluster.spec.hosts)) if replicas < 0 else replicas,
        image_repository=settings.image_repository,
    )
    text = manifests.set_calico(fetch.text(source, sha256=pinned), options)
    ensure.manifest(host, "calico", text)
    ensure.settled(
        host, NAMESPACE, "daemonset/calico-node", "deployment/calico-kube-controllers", timeout=600
    )
