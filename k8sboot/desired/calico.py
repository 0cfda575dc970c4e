"""Calico's manifest for this cluster, for the phases images and calico."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from threading import Lock

from k8sboot.cluster import Cluster
from k8sboot.desired import fetch
from k8sboot.errors import Refused
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
            _replicas(cluster),
            has_node_addresses,
        )


def calico_images(cluster: Cluster) -> tuple[str, ...]:
    """The images that run on every host; Typha's only if it is enabled."""
    has_typha = _replicas(cluster) > 0
    return tuple(i for i in calico.images(calico_manifest(cluster)) if has_typha or "/typha:" not in i)


@lru_cache(maxsize=2)
def _fitted(
    settings: CalicoSettings, pod_subnet: str, version: str, replicas: int, has_node_addresses: bool
) -> str:
    text = _manifest(settings)
    options = calico.CalicoOptions(
        pod_cidr=pod_subnet,
        kubernetes_version=KubernetesVersion.parse(version),
        encapsulation=settings.encapsulation,
        mtu=settings.mtu,
        typha_replicas=replicas,
        image_repository=settings.image_repository,
        has_node_addresses=has_node_addresses,
    )
    return calico.set_calico(text, options)


def unpinned_digest(cluster: Cluster) -> str:
    """The SHA-256 of a manifest that is downloaded and that nothing pins; '' for any other."""
    settings = cluster.spec.calico
    is_pinned = _pin(settings) or not _source(settings).startswith("https://")
    return "" if is_pinned else hashlib.sha256(_manifest(settings).encode()).hexdigest()


def _source(settings: CalicoSettings) -> str:
    return settings.manifest or calico.manifest_url(settings.version)


def _pin(settings: CalicoSettings) -> str:
    known = "" if settings.manifest else calico.MANIFEST_SHA256.get(settings.version, "")
    return settings.sha256 or known


@lru_cache(maxsize=2)
def _manifest(settings: CalicoSettings) -> str:
    """The manifest as it comes. Refused over plain HTTP without a digest: any machine on the way can change it."""
    source, pin = _source(settings), _pin(settings)
    text = fetch.text(source, sha256=pin)
    if source.startswith("http://") and not pin:
        digest = hashlib.sha256(text.encode()).hexdigest()
        raise Refused(
            f"{source} is a manifest over plain HTTP, and nothing pins it",
            why=f"any machine on the way can send another one; the SHA-256 of what came is {digest}",
            fix=f"compare it with the original, then set `sha256: {digest}` in `calico` of the inventory",
            code="KB-MANIFEST-UNPINNED",
        )
    return text


def _replicas(cluster: Cluster) -> int:
    wanted = cluster.spec.calico.typha_replicas
    return calico.typha_replicas(len(cluster.spec.hosts)) if wanted < 0 else wanted
