"""What the phases around kubeadm share: paths, and the inventory in kubeadm's terms."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from k8sboot import runtime
from k8sboot.cluster import Cluster
from k8sboot.host.cgroups import has_cgroup_v1
from k8sboot.host.peer import Command, Peer
from k8sboot.host.reads import Question
from k8sboot.inventory.model import Spec
from k8sboot.kubernetes.config import ControlPlane, NodeRegistration
from k8sboot.kubernetes.registries import dns_repository
from k8sboot.membership.reading import READS, begun, marked_as_member, membership_of
from k8sboot.membership.wanted import Wanted
from k8sboot.paths import UNFINISHED

USERS = Question(
    "kubectl-users",
    'tell() { h=$(getent passwd "$1"); h=${h%:*}; echo "$1:$(id -gn "$1"):${h##*:}"; };'
    ' case ${SUDO_USER:-root} in root) tell root ;; *) { tell root; tell "$SUDO_USER"; } | sort ;; esac',
    shares=True,
)
"""The users with a kubeconfig on a master: root and the login user, a line `user:group:home` each."""
LOG_LIMITS = {"runtime.logMaxSize": "containerLogMaxSize", "runtime.logMaxFile": "containerLogMaxFiles"}
"""Keys of the inventory, and kubelet's fields where kubelet rotates logs in place of the runtime."""


def marked(cluster: Cluster, kubeadm: Command) -> tuple[Command, ...]:
    """A kubeadm command, with the mark UNFINISHED set before it and removed after it, when CLUSTER_MARK is there."""
    member = marked_as_member(Wanted.by(cluster.spec).name)
    return begun(), kubeadm, member, ["rm", "-f", UNFINISHED]


def cri_socket(cluster: Cluster) -> str:
    """The container runtime's endpoint for kubelet."""
    return runtime.of(cluster.spec).cri_socket(cluster.spec.cluster.version)


def control_plane(cluster: Cluster) -> ControlPlane:
    """The cluster as kubeadm's configuration describes it."""
    wanted, masters = cluster.spec.cluster, cluster.spec.masters
    return ControlPlane(
        version=cluster.spec.cluster.version,
        endpoint=wanted.control_plane_endpoint,
        addresses=tuple(m.node_address for m in masters if m.node_address),
        login_addresses=tuple(m.address for m in masters),
        names=tuple(m.name for m in masters),
        name=wanted.name,
        pod_subnet=wanted.pod_subnet,
        service_subnet=wanted.service_subnet,
        dns_domain=wanted.dns_domain,
        image_repository=wanted.image_repository,
        dns_repository=dns_repository(cluster.spec.cluster.version, wanted.image_repository),
        cert_sans=wanted.cert_sans,
        cri_socket=cri_socket(cluster),
        kubelet_settings=runtime.of(cluster.spec).kubelet_settings(cluster.spec),
    )


MEMBER = READS


def is_member(host: Peer) -> bool:
    """Whether the host has joined completely."""
    return membership_of(host).has_joined


CGROUP_V1_CHECKS = ("SystemVerification",)
"""The preflight checks of kubeadm that a host with cgroup v1 fails; this one does not read failCgroupV1."""


def registration(cluster: Cluster, host: Peer) -> NodeRegistration:
    """The host as kubeadm registers it."""
    is_accepted = accepts_cgroup_v1(cluster.spec) and has_cgroup_v1(host)
    checks = CGROUP_V1_CHECKS if is_accepted else ()
    return NodeRegistration(name=host.name, address=host.node_address, ignored_checks=checks)


def accepts_cgroup_v1(spec: Spec) -> bool:
    """Whether the inventory accepts hosts with cgroup v1 in a release that refuses them otherwise."""
    return spec.os.allow_cgroup_v1 and spec.cluster.release.cgroup_v1 == "refused"


def kubelet_fields(spec: Spec) -> Mapping[str, Any]:
    """The fields of KubeletConfiguration that the inventory sets, if need be for the runtime: the limits of logs."""
    accepted = {"failCgroupV1": False} if accepts_cgroup_v1(spec) else {}
    of_runtime = runtime.of(spec).kubelet_settings(spec)
    limits = {f: of_runtime[f] for key, f in LOG_LIMITS.items() if key in spec.said and f in of_runtime}
    return {**limits, **accepted, **spec.kubeadm.kubelet_configuration}
