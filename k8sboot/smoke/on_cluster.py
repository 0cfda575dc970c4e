"""Rows about kubectl, the control plane and tokens."""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from typing import Any

from k8sboot import scripts
from k8sboot.errors import DeadlineExceeded
from k8sboot.kubernetes import commands, tokens
from k8sboot.kubernetes.answers import read_items, text_at
from k8sboot.kubernetes.node_checks import without_metrics
from k8sboot.kubernetes.paths import ADMIN_CONF
from k8sboot.paths import KUBECTL_CACHE
from k8sboot.smoke.objects import NAMESPACE, TOKEN
from k8sboot.smoke.row import Found, with_every_pod
from k8sboot.smoke.scene import Scene

STALE = 60
"""Seconds after which a lease that is renewed every few seconds is stale."""
CONTROLLERS = ("kube-controller-manager", "kube-scheduler")
TTL = timedelta(minutes=10)
TOLERANCE = timedelta(minutes=1)


def _for_each_pod(before: str, behind: str = "") -> str:
    """Its argument: lines 'NODE POD'."""
    values = {"KUBECONFIG": ADMIN_CONF, "CACHE": KUBECTL_CACHE, "NAMESPACE": NAMESPACE}
    return scripts.render("smoke-kubectl", BEFORE=before, BEHIND=behind, AT_ONCE=4, **values)


LOGS = _for_each_pod("logs --tail=1 --limit-bytes=200")
EXEC = _for_each_pod("exec", "-- /bin/sh -c hostname")


@with_every_pod
def logs(scene: Scene) -> Found:
    """`kubectl logs` works on every node."""
    return _on_every_node(scene, LOGS, "kubectl logs")


@with_every_pod
def execs(scene: Scene) -> Found:
    """`kubectl exec` works on every node."""
    return _on_every_node(scene, EXEC, "kubectl exec")


def _on_every_node(scene: Scene, script: str, what: str) -> Found:
    pods = scene.echoes
    lines = "\n".join(f"{node} {pod.name}" for node, pod in pods.items())
    said = scene.host.read(("sh", "-c", script, "smoke-kubectl", lines), timeout=30 + 6 * len(pods))
    wrong = "; ".join(said.strip().splitlines())
    return Found(wrong) if wrong else Found(seen=f"{what} on {len(pods)} nodes")


def metrics(scene: Scene) -> Found:
    """`kubectl top nodes` lists every node."""
    if not scene.cluster.spec.metrics_server.enabled:
        return Found(skipped="metricsServer.enabled is false")
    done = scene.host.ask(commands.kubectl("top", "nodes", "--no-headers"), timeout=30)
    missing = done.problem or without_metrics(done.text, scene.nodes)
    problem = missing if done.problem else f"no metrics of {missing}"
    return Found(problem) if missing else Found(seen=f"metrics of {len(scene.nodes)} nodes")


def leases(scene: Scene) -> Found:
    """The control plane and every kubelet renew their leases."""
    said = scene.host.read(commands.get("leases.coordination.k8s.io", namespace="*"))
    ages = dict(_age(item, scene.host.clock_offset) for item in read_items(said, asked="leases"))
    wanted = [*(f"kube-system/{n}" for n in CONTROLLERS), *(f"kube-node-lease/{n}" for n in scene.nodes)]
    wrong = [f"{name}: {_words(ages.get(name))}" for name in wanted if not _is_fresh(ages.get(name))]
    oldest = max((age for name in wanted if (age := ages.get(name)) is not None), default=0.0)
    seen = f"{len(wanted)} leases, the oldest renewed {max(0.0, oldest):.0f} s ago"
    return Found("; ".join(wrong)) if wrong else Found(seen=seen)


def _age(item: Mapping[str, Any], clock_offset: float) -> tuple[str, float | None]:
    """A lease's name, and the seconds since it was renewed; None for what is not a time."""
    name = f"{text_at(item, 'metadata', 'namespace')}/{text_at(item, 'metadata', 'name')}"
    try:
        renewed = datetime.fromisoformat(text_at(item, "spec", "renewTime").replace("Z", "+00:00"))
    except ValueError:
        return name, None
    return name, time.time() + clock_offset - renewed.timestamp()


def _is_fresh(age: float | None) -> bool:
    return age is not None and age < STALE


def _words(age: float | None) -> str:
    return "no such lease" if age is None else f"renewed {age:.0f} s ago (limit {STALE} s)"


def token(scene: Scene) -> Found:
    """A new token expires when it should."""
    host = scene.host
    create = commands.token_create(ttl=f"{TTL.seconds // 60}m0s", description=TOKEN)
    try:
        made = scene.change("create a join token that is valid for 10 minutes", create)
    except DeadlineExceeded:
        said = (
            "`kubeadm token create` did not finish: it repeats what the API server refuses, and does not tell"
        )
        return Found(said, is_final=True)
    ours = tokens.printed_token(made).reveal().partition(".")[0]
    try:
        known = tokens.bootstrap_tokens(host.read(commands.token_secrets()))
    finally:
        scene.change(f"revoke {ours}", commands.token_delete(ours))
    found = next((each for each in known if each.id == ours), None)
    now = datetime.now(timezone.utc) + timedelta(seconds=host.clock_offset)
    left = found.expires - now if found and found.expires else None
    if left is None or abs(left - TTL) > TOLERANCE:
        said = (
            f"expires in {left.total_seconds():.0f} s"
            if left
            else "does not expire"
            if found
            else "is missing"
        )
        return Found(f"the new token {said}, not in {TTL.seconds} s", is_final=True)
    return Found(seen=f"expires in {left.total_seconds():.0f} s; revoked")
