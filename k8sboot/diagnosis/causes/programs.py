"""The container runtime of the evidence, as causes and cures name it."""

from __future__ import annotations

from dataclasses import dataclass

from k8sboot.diagnosis.evidence import RUNTIME, HostEvidence


@dataclass(frozen=True)
class Program:
    """info, pull: commands that ask it. mirrors: the key of the inventory. trust: how it gets to accept a registry.

    stops: what a restart of it stops. pause: the cure where the pause image cannot be pulled. data: its folder.
    prune: removes images that nothing uses. log: prints the log of the newest container NAME.
    """

    name: str
    unit: str
    info: str
    pull: str
    mirrors: str
    trust: str
    stops: str
    pause: str
    data: str
    prune: str
    log: str


DOCKER = Program(
    "Docker",
    "docker",
    "docker info",
    "docker pull",
    "runtime.registryMirrors",
    "add its HOST:PORT to runtime.insecureRegistries in the inventory and run `k8sboot phase container-runtime`, or "
    "install its CA as /etc/docker/certs.d/HOST:PORT/ca.crt",
    " (this stops the containers there)",
    "make `{pull} {image}` work on the host, or correct cluster.imageRepository in the inventory; kubelet takes the "
    "image from --pod-infra-container-image: `grep -r pod-infra /var/lib/kubelet/kubeadm-flags.env "
    "/etc/default/kubelet /etc/sysconfig/kubelet`",
    "/var/lib/docker",
    "docker system prune --all --force",
    "docker logs $(docker ps -aqf name=k8s_NAME_ | head -n 1)",
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
    "run `k8sboot phase container-runtime`, which sets this release's pause image in /etc/containerd/config.toml; if "
    "it is this one, make `{pull} {image}` work on the host, or correct cluster.imageRepository in the inventory; then "
    "run again",
    "/var/lib/containerd",
    "crictl rmi --prune",
    "crictl logs $(crictl ps -aq --name '^NAME$' | head -n 1)",
)


def program_of(evidence: HostEvidence) -> Program:
    """The inventory's runtime."""
    return CONTAINERD if evidence[RUNTIME].strip() == "containerd" else DOCKER


def has_containerd(evidence: HostEvidence) -> bool:
    """Whether kubelet works with containerd."""
    return program_of(evidence) is CONTAINERD
