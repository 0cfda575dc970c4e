"""Chapter 2.2: kubeadm, kubelet and, on masters, kubectl, all held at one version."""

from __future__ import annotations

from collections.abc import Sequence

from k8sboot import ensure, osfamily
from k8sboot.cluster import Cluster
from k8sboot.desired import kept, resolver
from k8sboot.desired.kubeadm import is_member
from k8sboot.desired.kubelet import ENVIRONMENTS, UNIT, UNREAD, kubelet_environment
from k8sboot.desired.packages import PINNED, companions, kubernetes_packages, pinned
from k8sboot.diagnosis.diagnose import PACKAGES
from k8sboot.host.files import File
from k8sboot.host.host import Host
from k8sboot.host.reads import Reads, union
from k8sboot.inventory.model import Spec
from k8sboot.osfamily import Wanted
from k8sboot.phase import everyone, phase


def _reads(spec: Spec) -> Reads:
    names = (*kubernetes_packages(spec), *(each.name for each in companions(spec)))
    own = Reads(files=ENVIRONMENTS, packages=names, units=(UNIT,), questions=(UNREAD,))
    return union((own, PINNED, osfamily.INSTALLING, resolver.READS))


@phase(on=everyone, reads=_reads, after=("package-versions",), turn=is_member, diagnosis=PACKAGES)
def kube_packages(cluster: Cluster, host: Host) -> None:
    """Install kubeadm, kubelet and kubectl, and from 1.24 on their tools and network plugins by name."""
    kept.refuse_other_kubernetes(cluster, (host,))
    names = [n for n in kubernetes_packages(cluster.spec) if host.role == "master" or n != "kubectl"]
    file, packages = kubelet_environment(cluster, host), pinned(cluster, host, *names)
    restarts = is_member(host) and _is_restarted(host, file, packages)
    what = "restarts kubelet, containers keep running"
    with ensure.back_in_cluster(cluster, host, what, restarts=restarts, stops_containers=False):
        ensure.files(host, file)
        ensure.packages(host, *packages, *companions(cluster.spec))
        ensure.service_at_boot(host, UNIT)


def _is_restarted(host: Host, file: File, packages: Sequence[Wanted]) -> bool:
    """Whether a running kubelet is going to be restarted: by a file, a package, or a run that was cut."""
    return host.unit(UNIT).active == "active" and (
        host.restart_is_due(UNIT)
        or not file.is_met_by(host.file(file.path))
        or any(not package.is_met_by(host.package(package.name)) for package in packages)
    )
