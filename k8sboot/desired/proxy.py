"""kube-proxy's configuration as the inventory wants it on a running cluster: only what it sets."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from k8sboot.inventory.model import Spec
from k8sboot.kubernetes.comparing import merged


def proxy_mode(spec: Spec) -> str:
    """The mode that kube-proxy is to run in; the inventory's free fields take precedence."""
    return str(spec.kubeadm.kube_proxy_configuration.get("mode") or spec.kube_proxy.mode)


def proxy_fields(spec: Spec) -> Mapping[str, Any]:
    """The fields of KubeProxyConfiguration that the inventory sets."""
    settings, said = spec.kube_proxy, spec.said
    fields: dict[str, Any] = {"mode": settings.mode} if "kubeProxy.mode" in said else {}
    ipvs: dict[str, Any] = {}
    if "kubeProxy.scheduler" in said:
        ipvs["scheduler"] = settings.scheduler
    if "kubeProxy.strictARP" in said:
        ipvs["strictARP"] = settings.strict_arp
    if ipvs and proxy_mode(spec) == "ipvs":
        fields["ipvs"] = ipvs
    return merged(fields, spec.kubeadm.kube_proxy_configuration)
