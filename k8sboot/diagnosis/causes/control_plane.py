"""Causes in the control plane: etcd, the API server and what stands beside it, an earlier cluster's leftovers."""

from __future__ import annotations

import re

from k8sboot.diagnosis.causes.machine import is_ours
from k8sboot.diagnosis.evidence import OUTPUT, HostEvidence
from k8sboot.diagnosis.finding import Finding, told
from k8sboot.diagnosis.words import SAID, LogPattern

COMPONENTS = ("etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler")
SLOW_LINES = 3
"""A disk is slow now and then; so many complaints of more than a second among etcd's last lines are not."""
_KLOG = re.compile(r"^[IWEF]\d{4} [\d:.]+ +\d+ [^\]]*\] ")


def stale_cluster(evidence: HostEvidence) -> Finding | None:
    """Files or processes of an earlier cluster that kubeadm finds in its way."""
    files = evidence.lines(
        r"\[ERROR (?:FileAvailable|DirAvailable)-\S*\]: (\S+) (?:already exists|is not empty)", *SAID
    )
    ports = [row[1] for row in evidence.lines(r"\[ERROR Port-(\d+)\]", *SAID) if _is_ours(evidence, row[1])]
    found = [row[1] for row in files] + [f"port {port}" for port in ports]
    if not found:
        return None
    return Finding(
        "KB-STALE-CLUSTER",
        f"an earlier cluster has left something on the machine: {told(', '.join(found[:6]))}",
        "if nothing of it is needed any more: `k8sboot reset --limit HOST`, or on it `kubeadm reset "
        "--force`; then run "
        "again",
    )


def _is_ours(evidence: HostEvidence, port: str) -> bool:
    held = evidence.find(rf':{port}\s.*(?:\(\("|LISTEN +\d+/)([\w-]+)', "ports")
    return held is not None and is_ours(held[1])


preflight = LogPattern(
    "KB-KUBEADM-PREFLIGHT",
    r"\[ERROR (?P<check>[\w.-]+)\]: (?P<what>.*)",
    "kubeadm's check {check} refuses the machine: {what}",
    "mend that, then run again; `kubeadm init phase preflight` on the host tries it alone",
    SAID,
)

etcd_data = LogPattern(
    "KB-ETCD-DATA",
    r"(?P<why>cannot access data directory.*|member \S+ has already been bootstrapped|.*crc mismatch.*"
    r"|tocommit\(\d+\) is out of range.*|failed to (?:read|open|repair) WAL.*|cluster ID mismatch.*"
    r"|snap: .*corrupt.*|(?:mkdir|open|write) /var/lib/etcd\S*: (?:permission denied|read-only file system)"
    r"|invalid database|database file.*(?:invalid|corrupt).*|wal: (?:.*corrupt|.*broken|file ).*)",
    "etcd cannot use what lies in /var/lib/etcd: {why}",
    "where it belongs to no cluster that you need: `k8sboot reset --limit HOST` and run again; with "
    "SELinux: `restorecon "
    "-R /var/lib/etcd`; otherwise restore a snapshot",
    ("log-etcd",),
)

etcd_unhealthy = LogPattern(
    "KB-ETCD-UNHEALTHY",
    (
        r"etcd cluster is not healthy: (?P<why>.*)",
        r"(?P<why>failed to dial endpoint https://\S+:2379 .*)",
        r"etcdserver: (?P<why>unhealthy cluster)",
    ),
    "etcd takes no new member, because not all that it has answer: {why}",
    "see `kubectl -n kube-system get pods -l component=etcd -o wide`; a member that is gone for good is taken out with "
    "`etcdctl member remove ID`, then run again",
    (OUTPUT, "log-etcd", "log-kube-apiserver"),
)


def etcd_slow(evidence: HostEvidence) -> Finding | None:
    """A disk on which etcd cannot keep its leader."""
    slow = evidence.lines(
        r"took too long.*\b[\d.]+s\b|slow fdatasync|sync duration of|heartbeat on time|likely overloaded|slow disk",
        "log-etcd",
    )
    if len(slow) < SLOW_LINES:
        return None
    took = re.search(r"\b(\d[\d.]*s)\b", slow[-1].string)
    last = f", {took[1]}" if took else ""
    return Finding(
        "KB-ETCD-SLOW",
        f"the disk is too slow for etcd: {len(slow)} complaints in its last lines{last}",
        "put /var/lib/etcd on an SSD that nothing else writes to; `iostat -x 1 5` shows who does now",
    )


_FLAG = r"^(?:error: )?(unknown flag: \S+|invalid argument .*|flag provided but not defined: \S+)"


def component_flag(evidence: HostEvidence) -> Finding | None:
    """A flag in a static pod that its program does not know, or a value that it does not take."""
    for name in COMPONENTS:
        found = evidence.find(_FLAG, f"log-{name}")
        if found:
            return Finding(
                "KB-CONTROL-PLANE-FLAG",
                f"{name} does not start: {told(found[1])}",
                "correct extraArgs in kubeadm.clusterConfiguration of the inventory and run again; where the control "
                f"plane ran before, `vi /etc/kubernetes/manifests/{name}.yaml` on every master",
            )
    return None


def component_exits(evidence: HostEvidence) -> Finding | None:
    """A control plane container that has ended, for a reason that no other entry knows: its own last words."""
    for name in COMPONENTS:
        newest = evidence.lines(rf"^k8s_{name}_\S*\|[^|]*\|(.*)", "containers")
        ended = re.match(r"Exited \((\d+)\)", newest[0][1]) if newest else None
        if ended and ended[1] != "0":
            words = told(_KLOG.sub("", _last_words(evidence[f"log-{name}"]))) or "without a word"
            return Finding(
                "KB-CONTAINER-EXITED",
                f"{name} ends again and again, with {ended[1]}: {words}",
                f"`docker logs $(docker ps -aqf name=k8s_{name}_ | head -n 1)` shows the rest",
            )
    return None


def _last_words(log: str) -> str:
    """The last line that says it is an error, or the very last."""
    lines = [line for line in log.splitlines() if line.strip()]
    errors = [line for line in lines if re.match(r"F\d{4} |panic|error", line, re.IGNORECASE)]
    return (errors or lines or [""])[-1]


CONTROL_PLANE = (component_flag, etcd_data, etcd_unhealthy, etcd_slow)
