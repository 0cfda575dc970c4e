"""What is wrong in kube-system."""

from __future__ import annotations

from collections.abc import Iterator

from k8sboot.kubernetes.parsers import Pod
from k8sboot.status.finding import Finding, problem, warning
from k8sboot.status.seen import ClusterSeen, Seen


def findings(seen: Seen) -> Iterator[Finding]:
    """Pods of kube-system that are not ready, with their last event, and workloads that lack Pods."""
    if seen.cluster:
        yield from _pods(seen.cluster)
        yield from _workloads(seen.cluster)


def _pods(cluster: ClusterSeen) -> Iterator[Finding]:
    gone = {each.node.name for each in cluster.overview.nodes if not each.node.is_ready}
    for state in cluster.overview.pods:
        pod = state.pod
        if pod.is_ready or (pod.node in gone and pod.reason == "Running"):
            continue  # Pods of a Node that is not Ready have the state of before
        if _was_replaced(pod):
            yield _failed_before(pod)
            continue
        yield problem(
            "KB-POD-FAILING",
            f"Pod {pod.name} is not ready: {pod.reason or 'unknown'}",
            host=pod.node,
            why=cluster.events.get(f"Pod/{pod.name}", "it has no event of the last hour"),
            fix=f"run `kubectl -n kube-system describe pod {pod.name}` and `kubectl -n kube-system logs {pod.name}`",
        )


def _workloads(cluster: ClusterSeen) -> Iterator[Finding]:
    of_pods = {
        state.pod.owner.partition("/")[2]
        for state in cluster.overview.pods
        if not state.pod.is_ready and not _was_replaced(state.pod)
    }
    for each in cluster.overview.workloads:
        work = each.workload
        is_told = any(owner == work.name or owner.startswith(f"{work.name}-") for owner in of_pods)
        if not work.is_settled and not is_told:
            yield problem(
                "KB-POD-FAILING",
                f"{work.kind} {work.name} has {work.ready} of {work.wanted} Pods ready, {work.updated} updated",
                why=cluster.events.get(
                    f"{work.kind}/{work.name}", "its Pods are missing, or still being replaced"
                ),
                fix=f"run `kubectl -n kube-system describe {work.kind.lower()} {work.name}`",
            )


def _was_replaced(pod: Pod) -> bool:
    """Whether it ended for good, as an evicted one: its controller makes another, and counts without it."""
    return pod.reason == "Failed" and pod.owner.partition("/")[0] in ("ReplicaSet", "Job")


def _failed_before(pod: Pod) -> Finding:
    return warning(
        "KB-POD-FAILING",
        f"Pod {pod.name} failed and was replaced",
        host=pod.node,
        why="it was evicted, or its machine was shut down; Kubernetes keeps its record",
        fix=f"run `kubectl -n kube-system describe pod {pod.name}` for the reason, then delete it: "
        f"`kubectl -n kube-system delete pod {pod.name}`",
    )
