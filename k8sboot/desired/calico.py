"""Calico's manifest for this cluster, for the phases images and calico."""

from __future__ import annotations

from functools import lru_cache
from threading import Lock

from k8sboot.cluster import Cluster
from k8sboot.desired import manifests
from k8sboot.host.reads import Question
from k8sboot.inventory.model import CalicoSettings
from k8sboot.kubernetes import calico
from k8sboot.kubernetes.versions import KubernetesVersion
from k8sboot.paths import MANIFESTS_DIR

_one_at_a_time = Lock()


NODE_ADDRESSES = Question(
    "calico-node-addresses",
    f"f={MANIFESTS_DIR}/calico.yaml; [ ! -e $f ] || grep -q kubernetes-internal-ip $f",
)
"""Exit status 0 where Calico is to use the nodes' own addresses: on a new cluster, and where it does already."""


def calico_manifest(cluster: Cluster, *, has_node_addresses: bool = False) -> str:
    """The manifest of the inventory's version, verified by checksum if one is known, adapted to the cluster."""
    wanted = cluster.spec.cluster
    with _one_at_a_time:  # all hosts ask at once, and one fetch is enough
        return _fitted(
            cluster.spec.calico,
            wanted.pod_subnet,
            wanted.kubernetes_version,
            typha_replicas(cluster),
            has_node_addresses,
            cluster.spec.proxy_mode,
        )


def calico_images(cluster: Cluster) -> tuple[str, ...]:
    """The images that run on every host; Typha's only if it is enabled."""
    return calico.images(calico_manifest(cluster), with_typha=typha_replicas(cluster) > 0)


@lru_cache(maxsize=2)
def _fitted(
    settings: CalicoSettings,
    pod_subnet: str,
    version: str,
    replicas: int,
    has_node_addresses: bool,
    proxy_mode: str,
) -> str:
    text = manifests.manifest(_source(settings), _pin(settings), "calico")
    options = calico.CalicoOptions(
        pod_cidr=pod_subnet,
        kubernetes_version=KubernetesVersion.parse(version),
        encapsulation=settings.encapsulation,
        mtu=settings.mtu,
        typha_replicas=replicas,
        image_repository=settings.image_repository,
        has_node_addresses=has_node_addresses,
        proxy_mode=proxy_mode,
    )
    return calico.set_calico(text, options)


def unpinned_digest(cluster: Cluster) -> str:
    """The SHA-256 of a manifest that is downloaded and that nothing pins; '' for any other."""
    settings = cluster.spec.calico
    return manifests.unpinned(_source(settings), _pin(settings), "calico")


def _source(settings: CalicoSettings) -> str:
    return settings.manifest or calico.manifest_url(settings.version)


def _pin(settings: CalicoSettings) -> str:
    known = "" if settings.manifest else calico.MANIFEST_SHA256.get(settings.version, "")
    return settings.sha256 or known


def typha_replicas(cluster: Cluster) -> int:
    """The number of Typha's Pods; 0 is no Typha."""
    wanted = cluster.spec.calico.typha_replicas
    return calico.typha_replicas(len(cluster.spec.hosts)) if wanted < 0 else wanted
