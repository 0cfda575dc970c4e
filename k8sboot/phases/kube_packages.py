"""Chapter 2.2: kubeadm, kubelet and, on masters, kubectl, all held at one version."""

from __future__ import annotations

from k8sboot import ensure, osfamily
from k8sboot.cluster import Cluster
from k8sboot.desired import kept
from k8sboot.desired.packages import pinned
from k8sboot.diagnosis.diagnose import PACKAGES
from k8sboot.host.host import Host
from k8sboot.host.reads import Reads
from k8sboot.inventory.model import Spec
from k8sboot.osfamily import KUBERNETES_PACKAGES
from k8sboot.phase import everyone, phase
from k8sboot.templates import render

UNIT = "kubelet.service"


def _reads(_spec: Spec) -> Reads:
    return Reads(
        files=tuple(f.paths.kubelet_environment for f in osfamily.FAMILIES),
        packages=KUBERNETES_PACKAGES,
        units=(UNIT,),
    )


@phase(on=everyone, reads=_reads, after=("package-versions",), diagnosis=PACKAGES)
def kube_packages(cluster: Cluster, host: Host) -> None:
    """Install kubeadm, kubelet and kubectl."""
    kept.refuse_other_kubernetes(cluster, (host,))
    names = [n for n in KUBERNETES_PACKAGES if host.role == "master" or n != "kubectl"]
    environment = render("kubelet.env.j2", arguments=[f"--node-ip={host.node_address}"])
    ensure.file(host, osfamily.of(host).paths.kubelet_environment, environment, restarts=(UNIT,))
    ensure.packages(host, *pinned(cluster, host, *names))
    ensure.service_at_boot(host, UNIT)
