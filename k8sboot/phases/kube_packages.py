"""Chapter 2.2: kubeadm, kubelet and, on masters, kubectl, all at exactly one version and held there."""

from __future__ import annotations

from k8sboot import ensure, osfamily
from k8sboot.cluster import Cluster
from k8sboot.host import Host
from k8sboot.inventory.model import Spec
from k8sboot.osfamily import Wanted
from k8sboot.phase import everyone, phase
from k8sboot.probe import Reads
from k8sboot.templates import render

UNIT = "kubelet.service"
NAMES = ("kubeadm", "kubelet", "kubectl")


def _reads(_spec: Spec) -> Reads:
    return Reads(
        files=tuple(f.paths.kubelet_environment for f in osfamily.FAMILIES), packages=NAMES, units=(UNIT,)
    )


@phase(on=everyone, reads=_reads, after=("preflight",))
def kube_packages(cluster: Cluster, host: Host) -> None:
    """Install kubeadm, kubelet and kubectl."""
    exactly = f"={cluster.spec.cluster.kubernetes_version.removeprefix('v')}"
    names = NAMES if host.role == "master" else NAMES[:2]
    environment = render("kubelet.env.j2", arguments=[f"--node-ip={host.address}"])
    ensure.file(host, osfamily.of(host).paths.kubelet_environment, environment, restarts=(UNIT,))
    ensure.packages(host, *(Wanted(name, exactly, is_held=True) for name in names))
    ensure.service_at_boot(host, UNIT)
