"""The contract of container runtimes: all that differs between them. Each implements it in its own file."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import ClassVar, Protocol

from k8sboot.host.files import File
from k8sboot.host.peer import Command, Peer
from k8sboot.host.reads import Question, Reads
from k8sboot.inventory.model import Spec
from k8sboot.inventory.runtime_settings import RuntimeName
from k8sboot.kubernetes.versions import KubernetesVersion


class Runtime(Protocol):
    """One container runtime."""

    name: RuntimeName
    """The runtime's name in the inventory."""
    unit: str
    """The systemd unit that serves kubelet."""
    lower_units: tuple[str, ...]
    """Units that it depends on. Their packages enable and start them."""
    programs: ClassVar[Mapping[str, str]]
    """The program that each of these units starts, where its package has it."""
    data_dir: str
    """Where it stores images and containers."""
    cgroup_driver: Question
    """Prints `systemd` or `cgroupfs`. Starts nothing, and has a timeout."""
    keeps_containers: str
    """What an operator does to let containers survive a restart of the runtime."""
    stops_containers: bool
    """A restart stops Kubernetes' containers."""
    by_version: tuple[str, ...]
    """Files that files() can give only for a known version of the runtime."""
    evidence_script: str
    """A file of k8sboot/scripts with the functions that gather the runtime's evidence.

    `runtime_state` prints `silent` if the runtime hangs, and has a timeout; `containers` and `images` list them;
    `log_of COMPONENT` prints the log of a component; each of evidence_sections has a function, too.
    """
    evidence_sections: tuple[str, ...]
    """Sections that only this runtime has."""

    def packages(self, spec: Spec) -> Mapping[str, str]:
        """Its packages, each with a prefix of the upstream version; '' for any version."""

    def reads(self, spec: Spec) -> Reads:
        """What these functions read on a host."""

    def files(self, spec: Spec, host: Peer, version: str = "") -> tuple[File, ...]:
        """Its configuration, merged with what an operator has set there, and written before its first start.

        version: of the runtime for which it is; '' while that is not known. Raises Refused if it contradicts the
        inventory, or if data would be left behind.
        """

    def kept(self, spec: Spec, host: Peer) -> Iterable[tuple[str, str]]:
        """What an operator has set and files() keeps beside the inventory's: a code and words for each."""

    def stale_files(self, spec: Spec, host: Peer) -> tuple[str, ...]:
        """Files that k8sboot has written there, and that this inventory does not need."""

    def bystanders(self, host: Peer) -> tuple[str, ...] | None:
        """The running containers that are not Kubernetes' and stop when the runtime restarts; None if unknown."""

    def problem(self, host: Peer) -> str:
        """Why kubelet cannot use the running runtime; '' if it can."""

    def cri_socket(self, version: KubernetesVersion) -> str:
        """The socket for a kubelet of this version, in the form that kubeadm compares."""

    def kubelet_settings(self, spec: Spec) -> Mapping[str, str | int]:
        """Fields of kubelet's configuration for what kubelet does in place of this runtime."""

    def unsupported(self, version: KubernetesVersion) -> str:
        """Why this version of Kubernetes cannot use the runtime; '' if it can."""

    def misfit(self, version: KubernetesVersion, installed: str) -> str:
        """Why this version of Kubernetes cannot use that version of the runtime; '' if it can, or if it is unknown."""

    def stop_pods(self, uids: Iterable[str]) -> Command:
        """Stop the containers of these pods; nothing starts them again while kubelet is stopped."""

    def pull(self, image: str) -> Command:
        """Pull an image."""

    def present(self, images: Iterable[str]) -> Command:
        """Print the images that are on the host already, one name per line."""

    def digests(self, images: Iterable[str]) -> Command:
        """Print a line for each of these images, which are on the host: its ID, and the digests it can be pulled by."""
