"""What is wrong with what was seen: problems, for which `status` exits with 1, and warnings."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone

from k8sboot.errors import K8sbootError
from k8sboot.inventory.model import Spec
from k8sboot.kubernetes.certificates import OF_KUBELET
from k8sboot.kubernetes.node_checks import lacks_only_network
from k8sboot.kubernetes.overview import LEADERS, NodeState
from k8sboot.kubernetes.paths import MANIFESTS
from k8sboot.status import etcd_findings, kube_system_findings, version_findings
from k8sboot.status.finding import Finding, problem, warning
from k8sboot.status.seen import ClusterSeen, HostSeen, Seen
from k8sboot.text.listing import listed

NAMED = 8
SOON = timedelta(days=30)
"""Before the end of a certificate."""
SOON_OF_KUBELET = timedelta(days=7)
"""kubelet renews its own long before."""
STALE = 3
"""Times of its length for which a lease is not renewed before it counts as lost."""


def findings(spec: Spec, seen: Seen) -> tuple[Finding, ...]:
    """All of them, problems first, each once."""
    found = [
        *_hosts(seen),
        *etcd_findings.findings(seen),
        *_control_plane(seen),
        *_nodes(spec, seen),
        *kube_system_findings.findings(seen),
        *version_findings.findings(spec, seen),
        *_proxy_modes(spec, seen),
        *_certificates(seen),
        *_strangers(spec, seen),
    ]
    return tuple(sorted(found, key=lambda each: each.is_warning))


def _hosts(seen: Seen) -> Iterator[Finding]:
    """Hosts that do not answer, are not the inventory's, or whose units do not run."""
    for host in seen.hosts:
        if host.error:
            yield problem_of(host.error, host.name)
        if host.expired:
            yield problem_of(host.expired, host.name)
        if host.is_member and not host.error:
            yield from _units(host)
    if not any(host.is_member for host in seen.hosts) and any(not host.is_silent for host in seen.hosts):
        yield problem(
            "KB-NO-CLUSTER",
            "there is no cluster",
            why="none of the hosts that answered belongs to one",
            fix="run `k8sboot up` to create it",
        )


def problem_of(error: K8sbootError, host: str) -> Finding:
    """An error of a host as a problem."""
    return problem(error.error_code, error.what, host=error.host or host, why=error.why, fix=error.fix)


def _units(host: HostSeen) -> Iterator[Finding]:
    units = (
        ("KB-RUNTIME-DOWN", host.runtime_unit, host.runtime),
        ("KB-KUBELET-DOWN", "kubelet.service", host.kubelet),
    )
    for code, name, unit in units:
        if unit.active != "active":
            short = name.removesuffix(".service")
            yield problem(
                code,
                f"{short} is not running",
                host=host.name,
                why=f"its unit is {unit}{f' ({unit.sub})' if unit.sub else ''}",
                fix=f"run `systemctl start {short}` on {host.name}; `journalctl -u {short} -n 50` shows why it ended",
            )


def _control_plane(seen: Seen) -> Iterator[Finding]:
    """API servers that are not ready, and who leads."""
    for host in seen.masters:
        if host.api:
            yield problem(
                "KB-API-NOT-READY",
                "its API server is not ready",
                host=host.name,
                why=why_not_ready(host.api),
                fix=f"run `crictl ps -a | grep kube-apiserver` and `journalctl -u kubelet -n 50` on {host.name}; "
                "if etcd is named, repair etcd first",
            )
        elif host.api is None and host.is_member and not host.error:
            yield problem(
                "KB-API-NOT-READY",
                "it runs no API server",
                host=host.name,
                why=f"there is no {MANIFESTS}/kube-apiserver.yaml",
                fix=f"put the manifest back, if it was moved away; else run `k8sboot reset --limit {host.name}`, then "
                "`k8sboot up`",
            )
    for name, refusal in seen.refusals.items():
        yield problem(
            "KB-API-NOT-READY",
            "its API server does not tell the state of the cluster",
            host=name,
            why=refusal or "it did not answer in time",
            fix=f"run `kubectl get nodes,pods -n kube-system` on {name}",
        )
    if seen.cluster is None and any(host.is_member for host in seen.hosts):
        yield problem(
            "KB-API-NOT-READY",
            "the cluster cannot be asked for its state",
            why="no master that answered has an API server that is ready",
            fix="repair what is named above, on one master first; Nodes and Pods are not known until then",
        )
    elif seen.cluster:
        yield from _leaders(seen.cluster)


def why_not_ready(said: str) -> str:
    """The failed checks that /readyz names, or kubectl's last words."""
    failed = re.findall(r"\[-\]([\w./-]{1,80}) failed", said)
    if failed:
        return f"these checks of /readyz fail: {', '.join(failed)}"
    lines = [line for line in said.splitlines() if line.strip()]
    return lines[-1].strip()[:300] if lines else ""


def _leaders(cluster: ClusterSeen) -> Iterator[Finding]:
    by_name = {lease.name: lease for lease in cluster.overview.leases}
    for name in LEADERS:
        lease = by_name.get(name)
        renewed = lease.renewed.timestamp() if lease and lease.renewed else 0.0
        if lease and lease.holder and cluster.now - renewed <= STALE * max(lease.lasts, 1):
            continue
        since = f"; its lease was last renewed {cluster.now - renewed:.0f} s ago" if lease and renewed else ""
        yield problem(
            "KB-NO-LEADER",
            f"no {name} leads",
            why=f"its lease is not renewed{since}: nothing that it does happens in the cluster",
            fix=f"run `crictl ps -a | grep {name}` and `crictl logs` on each master",
        )


def _nodes(spec: Spec, seen: Seen) -> Iterator[Finding]:
    if seen.cluster is None:
        return
    nodes = {each.node.name: each for each in seen.cluster.overview.nodes}
    for host in seen.hosts:
        if host.name not in nodes and not host.error:
            yield problem(
                "KB-NOT-JOINED",
                "not in the cluster",
                host=host.name,
                why="the cluster has no Node of this name"
                + ("" if host.is_member else ", and the machine belongs to no cluster"),
                fix="run `k8sboot up`, which joins it; or remove it from the inventory",
            )
    own = {host.name for host in spec.hosts}
    down = {host.name for host in seen.hosts if host.is_member and host.kubelet.active != "active"}
    for name, node in nodes.items():
        if not node.node.is_ready and (seen.limit is None or name in seen.limit or name not in own):
            yield _not_ready(node, is_explained=name in down)
        if node.is_cordoned:
            fix = f"run `kubectl uncordon {name}` when the work on it is done"
            yield warning("KB-NODE-CORDONED", "takes no new Pods", host=name, why="it is cordoned", fix=fix)


def _not_ready(state: NodeState, *, is_explained: bool) -> Finding:
    """is_explained: kubelet does not run there, which is a problem of its own."""
    node, name = state.node, state.node.name
    said = node.message or node.reason or "it has never reported its state"
    if lacks_only_network(node):
        code, fix = (
            "KB-CNI-MISSING",
            "run `k8sboot up`; or install the pod network that the inventory leaves to you",
        )
    elif node.reason == "NodeStatusUnknown":
        code = "KB-NODE-SILENT"
        fix = f"run `systemctl status kubelet` on {name}; check its network to the API server"
        if is_explained:
            fix = f"start kubelet on {name}"
    else:
        code, fix = (
            "KB-NODE-NOT-READY",
            f"run `kubectl describe node {name}` and `journalctl -u kubelet -n 50` on it",
        )
    return problem(code, "NotReady", host=name, why=said, fix=fix)


def _proxy_modes(spec: Spec, seen: Seen) -> Iterator[Finding]:
    """Hosts where kube-proxy runs in another mode than the inventory sets: it falls back without a word."""
    for host in seen.hosts:
        if "kubeProxy.mode" in spec.said and host.proxy_mode not in ("", spec.proxy_mode):
            yield warning(
                "KB-IPVS-MODULES",
                f"kube-proxy runs in mode {host.proxy_mode}, the inventory sets {spec.proxy_mode}",
                host=host.name,
                why="the kernel lacks a module of that mode, or `up` was not run since the inventory was changed",
                fix="run `k8sboot phase kernel kube-proxy kube-proxy-mode`, which loads the modules or names them",
            )


def _certificates(seen: Seen) -> Iterator[Finding]:
    """Those that end soon; expired ones are told where they were found."""
    for host in seen.hosts:
        now = datetime.fromtimestamp(host.now, tz=timezone.utc)
        of_kubelet = [end for path, end in host.certificates.items() if path in OF_KUBELET]
        ending = {p: e for p, e in host.certificates.items() if p not in OF_KUBELET and now < e <= now + SOON}
        if ending:
            first = min(ending.values())
            yield warning(
                "KB-CERTIFICATE-ENDS",
                f"{len(ending)} certificate{'s' if len(ending) > 1 else ''} expire within {SOON.days} days, "
                f"the first in {(first - now).days} days",
                host=host.name,
                why=f"{listed(list(ending), NAMED)}; the first on {first:%Y-%m-%d %H:%M} UTC",
                fix="renew them on every master: `k8sboot explain KB-CERTIFICATE-ENDS` has the commands",
            )
        if of_kubelet and now < max(of_kubelet) <= now + SOON_OF_KUBELET:
            yield warning(
                "KB-CERTIFICATE-ENDS",
                f"kubelet's certificate expires in {(max(of_kubelet) - now).days} days",
                host=host.name,
                why=f"it ends on {max(of_kubelet):%Y-%m-%d %H:%M} UTC, and kubelet has not renewed it by itself",
                fix=f"run `kubectl get csr` on a master, and `journalctl -u kubelet -n 50` on {host.name}",
            )


def _strangers(spec: Spec, seen: Seen) -> Iterator[Finding]:
    """Members of the cluster that the inventory does not name."""
    if seen.cluster is None:
        return
    own = {host.name for host in spec.hosts}
    for name in (each.node.name for each in seen.cluster.overview.nodes):
        if name not in own:
            yield warning(
                "KB-NOT-IN-INVENTORY",
                "in the cluster, but not in the inventory",
                host=name,
                why="the cluster has a Node of this name",
                fix=f"add it to the inventory; if the machine is gone, run `kubectl delete node {name}`",
            )
