"""What differs between container runtimes, as one contract; each runtime fulfils it in a file of its own."""

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
    """As the inventory calls it."""
    unit: str
    """The systemd unit that kubelet's containers depend on."""
    lower_units: tuple[str, ...]
    """Units that it runs on. Their own packages enable and start them."""
    data_dir: str
    """Where images and containers take up disk space."""
    cgroup_driver: Question
    """Prints `systemd` or `cgroupfs`. Starts nothing, and ends in bounded time."""

    def packages(self, spec: Spec) -> Mapping[str, str]:
        """Its packages, each with the beginning of the upstream version that is wanted; '' for any."""

    def files(self, spec: Spec) -> tuple[File, ...]:
        """Its configuration, to be in place before its first start."""

    def problem(self, host: Peer) -> str:
        """Why kubelet cannot use it as it runs now; '' when it can."""

    def cri_socket(self, version: KubernetesVersion) -> str:
        """Where a kubelet of this version finds it, as kubeadm compares the text."""

    def unsupported(self, version: KubernetesVersion) -> str:
        """Why this version of Kubernetes cannot run on it; '' when it can."""

    def pull(self, image: str) -> Command:
        """Pull an image."""

    def present(self, images: Iterable[str]) -> Command:
        """Print those of the images that are on the host, one name a line."""
