"""Chapter 2.1: kernel modules and sysctls."""

from __future__ import annotations

from k8sboot import ensure, paths
from k8sboot.cluster import Cluster
from k8sboot.desired.proxy import modules_for_proxy
from k8sboot.ensure.next_boot import NEXT_BOOT
from k8sboot.host.host import Host
from k8sboot.host.reads import Reads
from k8sboot.inventory.model import Spec
from k8sboot.kubernetes.kernel import OPTIONAL_MODULES, REQUIRED_MODULES, SYSCTL_FLOORS, SYSCTLS
from k8sboot.kubernetes.kube_proxy import possible_modules
from k8sboot.phase import everyone, phase


def _reads(spec: Spec) -> Reads:
    for_proxy = possible_modules(
        spec.cluster.release, mode=spec.proxy_mode, scheduler=spec.kube_proxy.scheduler
    )
    return Reads(
        files=(paths.MODULES, paths.SYSCTLS),
        modules=(*REQUIRED_MODULES, *OPTIONAL_MODULES, *for_proxy, *spec.os.modules),
        sysctls=(*SYSCTLS, *spec.os.sysctl),
        questions=(NEXT_BOOT,),
    )


@phase(
    on=everyone,
    reads=_reads,
    after=("preflight",),
    needs=("kernel-upgrade-masters", "kernel-upgrade-nodes"),
)
def kernel(cluster: Cluster, host: Host) -> None:
    """Load kernel modules and set sysctls."""
    settings = cluster.spec.os
    for_proxy = modules_for_proxy(cluster.spec, host)
    ensure.modules(
        host, paths.MODULES, (*OPTIONAL_MODULES, *settings.modules), required=(*REQUIRED_MODULES, *for_proxy)
    )
    floors = SYSCTL_FLOORS - settings.sysctl.keys()
    ensure.sysctls(host, paths.SYSCTLS, {**SYSCTLS, **settings.sysctl}, floors=floors)
    ensure.modules_stay(host, paths.MODULES)
    ensure.sysctls_stay(host, paths.SYSCTLS, floors=floors)
