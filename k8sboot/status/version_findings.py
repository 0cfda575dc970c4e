"""Versions that do not go together."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from k8sboot.errors import UsageError
from k8sboot.inventory.model import Spec
from k8sboot.kubernetes.versions import KubernetesVersion, kubelet_skew
from k8sboot.status.finding import Finding, problem, warning
from k8sboot.status.seen import ClusterSeen, Seen

COMPONENTS = ("kube-apiserver", "kube-controller-manager", "kube-scheduler")


def findings(spec: Spec, seen: Seen) -> Iterator[Finding]:
    """kubelets that the API server does not support, and components of different versions."""
    if seen.cluster is None:
        return
    servers = sorted(filter(None, map(_parsed, control_plane(seen.cluster, "kube-apiserver").values())))
    for state in seen.cluster.overview.nodes:
        kubelet = _parsed(state.kubelet)
        if servers and kubelet and (why := kubelet_skew(api_server=servers[0], kubelet=kubelet)):
            fix = f"install kubelet {servers[0]} on {state.node.name}"
            name = state.node.name
            yield problem(
                "KB-VERSION-SKEW", "its kubelet and the API server do not fit", host=name, why=why, fix=fix
            )
    yield from _different(seen.cluster)
    wanted = _parsed(spec.cluster.kubernetes_version)
    is_set = "cluster.kubernetesVersion" in spec.said
    if is_set and servers and wanted and servers[-1] != wanted:
        yield warning(
            "KB-VERSION-SKEW",
            f"the cluster runs {servers[-1]}, the inventory has {wanted}",
            why="`up` does not change the version of a running cluster",
            fix=f"set `cluster.kubernetesVersion: {servers[-1]}`",
        )


def _different(cluster: ClusterSeen) -> Iterator[Finding]:
    """More than one version at work: allowed for a while, as within an upgrade."""
    found: dict[str, list[str]] = {}
    for component in COMPONENTS:
        for node, version in control_plane(cluster, component).items():
            found.setdefault(version, []).append(f"{component} on {node}")
    for state in cluster.overview.nodes:
        found.setdefault(state.kubelet, []).append(f"kubelet on {state.node.name}")
    found.pop("", None)
    if len(found) > 1:
        most = max(found, key=lambda version: len(found[version]))
        others = [
            f"{version}: {', '.join(what)}" for version, what in sorted(found.items()) if version != most
        ]
        yield warning(
            "KB-VERSION-SKEW",
            f"{len(found)} versions of Kubernetes are at work",
            why=f"most is {most}; {'; '.join(others)}",
            fix="finish the upgrade that was begun: kubeadm, the control plane, then kubelet on each host",
        )


def control_plane(cluster: ClusterSeen, component: str) -> Mapping[str, str]:
    """The version of a component by Node, as in the tag of its image."""
    pods = (state for state in cluster.overview.pods if state.pod.name.startswith(f"{component}-"))
    return {state.pod.node: state.version for state in pods if state.version and state.pod.node}


def _parsed(text: str) -> KubernetesVersion | None:
    try:
        return KubernetesVersion.parse(text)
    except UsageError:
        return None
