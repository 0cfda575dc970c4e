"""The rows of the smoke test, in the order in which they are shown."""

from __future__ import annotations

from k8sboot.smoke import on_cluster, on_network, on_pods
from k8sboot.smoke.row import Look, Row


def _row(name: str, look: Look, *, limit: float = 90.0, needs_pods: bool = True) -> Row:
    return Row(name, (look.__doc__ or "").strip().splitlines()[0], look, limit, needs_pods)


FIRST = _row("image", on_pods.image, limit=120.0, needs_pods=False)
"""Before any other that needs the image."""
_WATCHED: tuple[Row, ...] = (
    _row("pull-policies", on_pods.pull_policies),
    _row("restart-policies", on_pods.restart_policies),
    _row("probes", on_pods.probes),
    _row("liveness", on_pods.liveness),
    _row("readiness", on_pods.readiness),
    _row("startup", on_pods.startup),
    _row("hooks", on_pods.hooks),
    _row("grace-period", on_pods.grace_period),
    _row("settings", on_pods.settings),
)
WATCHED = frozenset(row.name for row in _WATCHED)
"""Rows that look at Pods of their own."""
_OTHERS: tuple[Row, ...] = (
    _row("service", on_network.service, limit=60.0),
    _row("dns", on_network.dns_names, limit=60.0),
    _row("pod-network", on_network.pod_network, limit=60.0),
    _row("node-port", on_network.node_port, limit=60.0),
    _row("logs", on_cluster.logs, limit=60.0),
    _row("exec", on_cluster.execs, limit=60.0),
    _row("metrics", on_cluster.metrics, limit=60.0, needs_pods=False),
    _row("leases", on_cluster.leases, limit=30.0, needs_pods=False),
    _row("token", on_cluster.token, limit=30.0, needs_pods=False),
)


def all_rows(static_pod: Look) -> tuple[Row, ...]:
    """Every row. static_pod: looks at the one that a phase of its own tries."""
    return (FIRST, *_WATCHED, _row("static-pod", static_pod, limit=150.0), *_OTHERS)
