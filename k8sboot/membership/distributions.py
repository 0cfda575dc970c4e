"""Kubernetes that kubeadm did not set up: what it leaves on a machine, and how its own tool removes it.

The paths are the defaults in each project's documentation.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Distribution:
    """path: a folder or file of its own on every machine; an empty one is nothing. removal: for the operator."""

    name: str
    path: str
    removal: str


DISTRIBUTIONS = (
    Distribution("k3s", "/var/lib/rancher/k3s", "run `k3s-uninstall.sh` (`k3s-agent-uninstall.sh`) on it"),
    Distribution("RKE2", "/var/lib/rancher/rke2", "run `rke2-uninstall.sh` on it"),
    Distribution(
        "RKE",
        "/etc/kubernetes/ssl/kubecfg-kube-node.yaml",
        "run `rke remove` for its cluster and remove that file",
    ),
    Distribution("MicroK8s", "/var/snap/microk8s", "run `snap remove --purge microk8s` on it"),
    Distribution("Canonical Kubernetes", "/var/snap/k8s", "run `snap remove --purge k8s` on it"),
    Distribution("k0s", "/var/lib/k0s", "run `k0s stop && k0s reset` on it"),
    Distribution(
        "Kubernetes without kubeadm",
        "/var/lib/kubelet/kubeconfig",
        "remove its kubelet and that file from it",
    ),
)
BY_PATH = {each.path: each for each in DISTRIBUTIONS}
