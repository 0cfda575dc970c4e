"""The contract for what differs between container runtimes; each runtime implements it in a file of its own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Protocol

from k8sboot.host.files import File
from k8sboot.host.peer import Command, Peer
from k8sboot.host.reads import Question
from k8sboot.inventory.model import RuntimeName, Spec
from k8sboot.kubernetes.versions import KubernetesVersion


class Runtime(Protocol):
    """One container runtime."""

    name: RuntimeName
    """Its name in the inventory."""
    unit: str
    """The systemd unit that kubelet's containers depend on."""
    lower_units: tuple[str, ...]
    """Units that it depends on. Their own packages enable and start them."""
    data_dir: str
    """The directory in which images and containers use disk space."""
    cgroup_driver: Question
    """Prints `systemd` or `cgroupfs`. Starts nothing, and takes bounded time."""

    def packages(self, spec: Spec) -> Mapping[str, str]:
        """Its packages, each with the prefix of the required upstream version; '' for any."""

    def files(self, spec: Spec) -> tuple[File, ...]:
        """Its configuration, which must be there before its first start."""

    def problem(self, host: Peer) -> str:
        """Why kubelet cannot use it as it runs now; '' if it can."""

    def cri_socket(self, version: KubernetesVersion) -> str:
        """Its endpoint for a kubelet of this version, in the form that kubeadm compares."""

    def unsupported(self, version: KubernetesVersion) -> str:
        """Why this version of Kubernetes does not support it; '' if it does."""

    def pull(self, image: str) -> Command:
        """Pull an image."""

    def present(self, images: Iterable[str]) -> Command:
        """Print the images of these that are on the host, one name per line."""
