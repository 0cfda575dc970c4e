"""The container runtime of the evidence, as causes and cures name it."""

from __future__ import annotations

from dataclasses import dataclass

from k8sboot.diagnosis.evidence import RUNTIME, HostEvidence


@dataclass(frozen=True)
class Program:
    """info, pull: commands that ask it. mirrors: the key of the inventory. trust: how it gets to accept a registry.

    stops: what a restart of it stops. pause: where to look for the pause image that it takes.
    """

    name: str
    unit: str
    info: str
    pull: str
    mirrors: str
    trust: str
    stops: str
    pause: str


DOCKER = Program(
    "Docker",
    "docker",
    "docker info",
    "docker pull",
    "runtime.registryMirrors",
    "add its HOST:PORT to runtime.insecureRegistries in the inventory and run `k8sboot phase container-runtime`, or "
    "install its CA as /etc/docker/certs.d/HOST:PORT/ca.crt",
    " (this stops the containers there)",
    "kubelet takes the image from --pod-infra-container-image: `grep -r pod-infra /var/lib/kubelet/kubeadm-flags.env "
    "/etc/default/kubelet /etc/sysconfig/kubelet`",
)
CONTAINERD = Program(
    "containerd",
    "containerd",
    "crictl info",
    "crictl pull",
    "runtime.registries",
    "name it in runtime.registries of the inventory with its ca, with skipVerify, or with itself as a mirror "
    "that begins with http://, and run `k8sboot phase container-runtime`",
    "",
    "containerd takes the image from its configuration, which `k8sboot phase container-runtime` writes: `grep -n pause "
    "/etc/containerd/config.toml`",
)


def program_of(evidence: HostEvidence) -> Program:
    """The inventory's runtime."""
    return CONTAINERD if evidence[RUNTIME].strip() == "containerd" else DOCKER


def has_containerd(evidence: HostEvidence) -> bool:
    """Whether kubelet works with containerd."""
    return program_of(evidence) is CONTAINERD
