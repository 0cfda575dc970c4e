"""Chapter 2.2: kubeadm, kubelet and, on masters, kubectl, all held at one version."""

from __future__ import annotations

from k8sboot import ensure
from k8sboot.cluster import Cluster
from k8sboot.desired import kept
from k8sboot.desired.kubelet import ENVIRONMENTS, UNIT, kubelet_environment
from k8sboot.desired.packages import pinned
from k8sboot.diagnosis.diagnose import PACKAGES
from k8sboot.host.host import Host
from k8sboot.host.reads import Reads
from k8sboot.osfamily import KUBERNETES_PACKAGES
from k8sboot.phase import everyone, phase


@phase(
    on=everyone,
    reads=Reads(files=ENVIRONMENTS, packages=KUBERNETES_PACKAGES, units=(UNIT,)),
    after=("package-versions",),
    diagnosis=PACKAGES,
)
def kube_packages(cluster: Cluster, host: Host) -> None:
    """Install kubeadm, kubelet and kubectl."""
    kept.refuse_other_kubernetes(cluster, (host,))
    names = [n for n in KUBERNETES_PACKAGES if host.role == "master" or n != "kubectl"]
    ensure.files(host, kubelet_environment(cluster, host))
    ensure.packages(host, *pinned(cluster, host, *names))
    ensure.service_at_boot(host, UNIT)
