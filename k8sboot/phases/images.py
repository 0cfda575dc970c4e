"""Chapter 2.4: pull the images before kubeadm waits for them."""

from __future__ import annotations

from k8sboot import runtime
from k8sboot.cluster import Cluster
from k8sboot.desired.calico import calico_images
from k8sboot.diagnosis.diagnose import IMAGES
from k8sboot.ensure.images import ensure_images
from k8sboot.host.host import Host
from k8sboot.host.peer import Peer
from k8sboot.host.reads import Reads
from k8sboot.kubernetes import commands
from k8sboot.kubernetes.paths import KUBELET_CONF
from k8sboot.kubernetes.registries import with_dns_repository
from k8sboot.phase import everyone, phase

NODE_IMAGES = ("kube-proxy", "pause", "coredns")


def _has_joined(host: Peer) -> bool:
    """kubelet of a member pulls missing images by itself."""
    return host.file(KUBELET_CONF) is not None


@phase(
    on=everyone,
    unless=_has_joined,
    reads=Reads(files=(KUBELET_CONF,)),
    after=("preflight",),
    needs=("container-runtime", "kube-packages"),
    diagnosis=IMAGES,
)
def images(cluster: Cluster, host: Host) -> None:
    """Pull the images of Kubernetes and Calico; compare those that the inventory pins."""
    wanted = cluster.spec.cluster
    answer = host.read(commands.images_of(wanted.kubernetes_version, wanted.image_repository))
    listed = with_dns_repository(answer.split(), wanted.version, wanted.image_repository)
    needed = [i for i in listed if host.role == "master" or any(f"/{name}:" in i for name in NODE_IMAGES)]
    needed += calico_images(cluster) if cluster.spec.plugin == "calico" else ()
    pins = cluster.spec.runtime.image_digests
    needed += [image for image in pins if image not in (*listed, *needed)]
    ensure_images(host, runtime.of(cluster.spec), needed, pins)
