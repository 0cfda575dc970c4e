"""The inventory's proxy, between a host and packages or images."""

from __future__ import annotations

from k8sboot.diagnosis.evidence import OUTPUT, PROXIES, HostEvidence
from k8sboot.diagnosis.finding import Finding
from k8sboot.diagnosis.words import KUBELET
from k8sboot.host.proxy_fault import proxy_fault


def proxy(evidence: HostEvidence) -> Finding | None:
    """The proxy refuses, does not answer, wants a login, or has a name that does not resolve."""
    urls = evidence[PROXIES].split()
    for section in (OUTPUT, "events", *KUBELET):
        fault = proxy_fault(urls, evidence[section]) if urls else None
        if fault:
            return Finding("KB-PROXY", fault.what, fault.cure)
    return None
