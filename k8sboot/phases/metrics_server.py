"""Chapter 2.7: resource usage of nodes and pods, for `kubectl top` and autoscalers."""

from __future__ import annotations

from k8sboot import ensure
from k8sboot.cluster import Cluster
from k8sboot.host.host import Host
from k8sboot.kubernetes.metrics_server import metrics_server_image, metrics_server_values
from k8sboot.phase import When, first_master, phase
from k8sboot.templates import render


@phase(
    on=first_master,
    when=When(lambda spec: spec.metrics_server.enabled, otherwise="metricsServer.enabled is false"),
    reads=ensure.manifest_reads("metrics-server"),
    after=("kubeadm-init",),
    scope="cluster",
)
def metrics_server(cluster: Cluster, host: Host) -> None:
    """Install metrics-server."""
    settings, wanted = cluster.spec.metrics_server, cluster.spec.cluster.version
    image = settings.image or metrics_server_image(wanted, cluster.spec.cluster.image_repository)
    values = metrics_server_values(
        wanted, image=image, replicas=settings.replicas, kubelet_insecure_tls=settings.kubelet_insecure_tls
    )
    ensure.manifest(host, "metrics-server", render("metrics-server.yaml.j2", **values))
