"""kube-proxy as the inventory wants it: its configuration on a running cluster, and what its mode needs of a host."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from k8sboot.host.host import Host
from k8sboot.host.peer import Peer
from k8sboot.host.reads import Question, Reads
from k8sboot.inventory.model import Spec
from k8sboot.kubernetes import kube_proxy
from k8sboot.kubernetes.comparing import merged
from k8sboot.kubernetes.kernel import kernel_version

NFT = Question("nft-version", "nft --version 2>/dev/null")


def proxy_fields(spec: Spec) -> Mapping[str, Any]:
    """The fields of KubeProxyConfiguration that the inventory sets."""
    settings, said = spec.kube_proxy, spec.said
    fields: dict[str, Any] = {"mode": settings.mode} if "kubeProxy.mode" in said else {}
    ipvs: dict[str, Any] = {}
    if "kubeProxy.scheduler" in said:
        ipvs["scheduler"] = settings.scheduler
    if "kubeProxy.strictARP" in said:
        ipvs["strictARP"] = settings.strict_arp
    if ipvs and spec.proxy_mode == "ipvs":
        fields["ipvs"] = ipvs
    return merged(fields, spec.kubeadm.kube_proxy_configuration)


def modules_for_proxy(spec: Spec, host: Peer) -> tuple[str, ...]:
    """The kernel modules that kube-proxy's mode requires on a host."""
    kernel, scheduler = host.facts.kernel, spec.kube_proxy.scheduler
    return kube_proxy.required_modules(
        spec.cluster.release, kernel, mode=spec.proxy_mode, scheduler=scheduler
    )


def reads(spec: Spec) -> Reads:
    """What misfits() reads on a host."""
    return Reads(questions=(NFT,)) if spec.proxy_mode == "nftables" else Reads()


def misfits(spec: Spec, host: Host) -> Iterator[str]:
    """Why kube-proxy's mode is not for this host; what may crash it there is told."""
    if spec.proxy_mode != "nftables":
        return
    nft = host.answer(NFT).text
    kernel = spec.os.kernel.minimum if _gets_other_kernel(spec, host) else host.facts.kernel
    if misfit := kube_proxy.nftables_misfit(kernel, nft):
        yield (
            f"{misfit}, and kube-proxy's mode nftables needs {kube_proxy.NFTABLES_NEEDS}: set "
            "`kubeProxy: {mode: iptables}`"
        )
    elif conflict := kube_proxy.nft_conflict(spec.cluster.release, nft):
        host.notice(
            "KB-PROXY-NFT",
            f"tables that the host's nft {conflict} has made may crash kube-proxy {spec.cluster.kubernetes_version} "
            f"in mode nftables (`k8sboot explain KB-PROXY-NFT`)",
        )


def _gets_other_kernel(spec: Spec, host: Peer) -> bool:
    """Whether this run will boot another kernel there first."""
    wanted = spec.os.kernel
    return bool(wanted.packages) and kernel_version(host.facts.kernel) < kernel_version(wanted.minimum)
