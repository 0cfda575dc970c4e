"""What `up` keeps on hosts that have a past: Kubernetes' version on members, and a newer container runtime."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from k8sboot import runtime
from k8sboot.cluster import Cluster
from k8sboot.desired.packages import KEEP_RUNTIME, asked_for, kubernetes_packages
from k8sboot.errors import Refused
from k8sboot.host.host import Host
from k8sboot.host.peer import Peer
from k8sboot.host.reads import Reads
from k8sboot.inventory.model import Spec
from k8sboot.kubernetes.paths import KUBELET_CONF
from k8sboot.kubernetes.versions import unsupported
from k8sboot.osfamily.family import Source, upstream
from k8sboot.osfamily.mirrors import kept_mirrors, mirror_of
from k8sboot.osfamily.rpm_versions import compare
from k8sboot.text.listing import listed

NAMED = 3
"""Hosts that are named; of the others there is the number."""


def reads(spec: Spec) -> Reads:
    """What these checks read on a host."""
    return Reads(files=(KUBELET_CONF,), packages=tuple(asked_for(spec)))


def tell_kept_mirror(spec: Spec, host: Host, sources: Mapping[str, Source]) -> None:
    """A notice where the host's packages go on coming from a mirror that is not the default, and is not set."""
    for mirror in kept_mirrors(spec, sources):
        text = f"packages come from the mirror {mirror} as before, new hosts would use {mirror_of(spec)}"
        host.notice("KB-DEFAULT-KEPT", f"{text}: set `mirror: {mirror}`, or the one to use, for all of them")


def refuse_unsupported(cluster: Cluster) -> None:
    """Refused if k8sboot does not know the cluster's version of Kubernetes, or that cannot use the runtime.

    For a version that the inventory does not set, and which is that of the running cluster.
    """
    version = cluster.spec.cluster.version
    is_unknown = unsupported(version)
    why = is_unknown or runtime.of(cluster.spec).unsupported(version)
    if why:
        raise Refused(
            f"the cluster runs Kubernetes {version}, which this k8sboot does not install",
            why=why,
            fix="use a k8sboot that installs it, see `k8sboot releases`; nothing was changed",
            code="KB-VERSION-UNKNOWN" if is_unknown else "KB-VERSION-RUNTIME",
        )


def refuse_other_kubernetes(cluster: Cluster, hosts: Iterable[Peer]) -> None:
    """Refused if a member among these hosts has another version of Kubernetes than the inventory."""
    wanted = cluster.spec.cluster.kubernetes_version.removeprefix("v")
    found: dict[str, list[str]] = {}
    for host in hosts:
        for package, version in _other_packages(host, kubernetes_packages(cluster.spec), wanted):
            found.setdefault(f"{package} {version}", []).append(host.name)
    if not found:
        return
    there = next((text.split()[1] for text in found if text.startswith("kubelet ")), "")
    raise Refused(
        f"the cluster has {'; '.join(f'{what} on {listed(names, NAMED)}' for what, names in found.items())}, "
        f"the inventory wants {wanted}",
        why="`up` does not upgrade or downgrade Kubernetes on members of a cluster: it would replace the packages of "
        "all machines at once",
        fix=f"set `cluster.kubernetesVersion: v{there}` to keep the cluster as it is, then run again"
        if there
        else f"install version {wanted} of these packages by hand, or finish the upgrade by hand and set "
        "`cluster.kubernetesVersion`, then run again",
        code="KB-KUBERNETES-VERSION",
    )


def _other_packages(host: Peer, names: Iterable[str], wanted: str) -> list[tuple[str, str]]:
    """Of the packages that k8sboot installs there; nodes have kubectl only as a dependency, in any version."""
    if host.file(KUBELET_CONF) is None:
        return []
    ours = [name for name in names if host.role == "master" or name != "kubectl"]
    installed = [(name, upstream(host.package(name))) for name in ours]
    return [(name, version) for name, version in installed if version not in ("", wanted)]


def refuse_newer_runtime(cluster: Cluster, host: Peer) -> None:
    """Refused if the host has a newer runtime than the inventory allows, and a downgrade is not."""
    if cluster.spec.runtime.allow_downgrade:
        return
    newer = [
        f"{name} {host.package(name)} is installed, the inventory wants {version}"
        for name, version in runtime.of(cluster.spec).packages(cluster.spec).items()
        if _is_newer(host.package(name), version)
    ]
    if newer:
        raise Refused(
            f"a downgrade: {'; '.join(newer)}",
            why="containers and images of a newer runtime may not work with an older one",
            fix=KEEP_RUNTIME,
            host=host.name,
            code="KB-PACKAGE-DOWNGRADE",
        )


def _is_newer(installed: str, prefix: str) -> bool:
    """Whether an installed version is newer than every version with this prefix."""
    bare = upstream(installed)
    return bool(bare and prefix) and not f"{bare}.".startswith(f"{prefix}.") and compare(bare, prefix) > 0
