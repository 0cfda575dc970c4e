"""Causes in the control plane: etcd, the API server, the other components, remains of an earlier cluster."""

from __future__ import annotations

import re

from k8sboot.diagnosis.causes.machine import is_ours
from k8sboot.diagnosis.causes.programs import program_of
from k8sboot.diagnosis.evidence import OUTPUT, HostEvidence
from k8sboot.diagnosis.finding import Finding, excerpt
from k8sboot.diagnosis.words import STEP_OUTPUT, LogPattern

COMPONENTS = ("etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler")
SLOW_LINES = 3
"""Warnings of a second or more at the end of etcd's log from which on the disk is too slow: fewer are normal."""
_LAST_ERROR = r'F\d{4} |E\d{4} [^"]*"command failed"|panic|error'
_KLOG = re.compile(r'^[IWEF]\d{4} [\d:.]+ +\d+ [^\]]*\] (?:"command failed" err=)?')


def stale_cluster(evidence: HostEvidence) -> Finding | None:
    """Files or processes of an earlier cluster make kubeadm refuse the machine."""
    files = evidence.lines(
        r"\[ERROR (?:FileAvailable|DirAvailable)-\S*\]: (\S+) (?:already exists|is not empty)", *STEP_OUTPUT
    )
    ports = [
        row[1] for row in evidence.lines(r"\[ERROR Port-(\d+)\]", *STEP_OUTPUT) if _is_ours(evidence, row[1])
    ]
    found = [row[1] for row in files] + [f"port {port}" for port in ports]
    if not found:
        return None
    return Finding(
        "KB-STALE-CLUSTER",
        f"the machine still has files or processes of an earlier cluster: {excerpt(', '.join(found[:6]))}",
        "if the earlier cluster is no longer needed, run `k8sboot reset --limit HOST`, or `kubeadm reset "
        "--force` on the host; then run again",
    )


def _is_ours(evidence: HostEvidence, port: str) -> bool:
    held = evidence.find(rf':{port}\s.*(?:\(\("|LISTEN +\d+/)([\w-]+)', "ports")
    return held is not None and is_ours(held[1])


preflight = LogPattern(
    "KB-KUBEADM-PREFLIGHT",
    r"\[ERROR (?P<check>[\w.-]+)\]: (?P<what>.*)",
    "kubeadm's preflight check {check} failed: {what}",
    "fix what the check reports, then run again; `kubeadm init phase preflight` on the host repeats the "
    "checks alone",
    STEP_OUTPUT,
)

# etcd 3.5 and later logs JSON: what it says ends at a quote.
etcd_data = LogPattern(
    "KB-ETCD-DATA",
    r"(?P<why>cannot access data directory[^\"]*|member \S+ has already been bootstrapped|crc mismatch[^\"]*"
    r"|tocommit\(\d+\) is out of range[^\"]*|failed to (?:read|open|repair) WAL[^\"]*|cluster ID mismatch[^\"]*"
    r"|snap: [^\"]{0,200}corrupt[^\"]*"
    r"|(?:mkdir|open|write) /var/lib/etcd\S*: (?:permission denied|read-only file system)"
    r"|invalid database|database file[^\"]{0,200}(?:invalid|corrupt)[^\"]*"
    r"|wal: (?:[^\"]{0,200}(?:corrupt|broken)|file )[^\"]*)",
    "etcd cannot use its data in /var/lib/etcd: {why}",
    "if no cluster needs that data, run `k8sboot reset --limit HOST` and run again; if SELinux denies "
    "access, run `restorecon -R /var/lib/etcd`; otherwise restore a snapshot",
    ("log-etcd",),
)

etcd_unhealthy = LogPattern(
    "KB-ETCD-UNHEALTHY",
    (
        r"etcd cluster is not healthy: (?P<why>.*)",
        r"(?P<why>failed to dial endpoint https://\S+:2379 .*)",
        r"etcdserver: (?P<why>unhealthy cluster)",
    ),
    "etcd rejects the new member because an existing member is unhealthy: {why}",
    "find the unhealthy member with `kubectl -n kube-system get pods -l component=etcd -o wide`; start "
    "it, or remove it with `etcdctl member remove ID` if it is lost; then run again",
    (OUTPUT, "log-etcd", "log-kube-apiserver"),
)


def etcd_slow(evidence: HostEvidence) -> Finding | None:
    """The disk is so slow that etcd keeps losing its leader. An API server that is ready is not held up by it."""
    if evidence["api"].strip() == "ok":
        return None
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
        f"the disk is too slow for etcd: {len(slow)} warnings at the end of its log{last}",
        "move /var/lib/etcd to a dedicated SSD; `iostat -x 1 5` shows what writes to the disk now",
    )


_FLAG = r"^(?:error: )?(unknown flag: \S+|invalid argument .*|flag provided but not defined: \S+)"


def component_flag(evidence: HostEvidence) -> Finding | None:
    """A static Pod has a flag that its program does not know, or a value that it rejects."""
    for name in COMPONENTS:
        found = evidence.find(_FLAG, f"log-{name}")
        if found:
            return Finding(
                "KB-CONTROL-PLANE-FLAG",
                f"{name} does not start: {excerpt(found[1])}",
                "correct extraArgs in kubeadm.clusterConfiguration of the inventory, then run again; if "
                f"the control plane ran before, also run `vi /etc/kubernetes/manifests/{name}.yaml` on "
                "every master",
            )
    return None


def component_exits(evidence: HostEvidence) -> Finding | None:
    """A control plane container exited for a reason that no other cause explains: the last lines of its log."""
    for name in COMPONENTS:
        if status := _exit_of(name, evidence):
            words = (
                excerpt(_KLOG.sub("", _last_words(evidence[f"log-{name}"])).strip('"'))
                or "no message in its log"
            )
            return Finding(
                "KB-CONTAINER-EXITED",
                f"{name} keeps exiting{status}: {words}",
                f"read its log: `{program_of(evidence).log.replace('NAME', name)}`",
            )
    return None


def _exit_of(name: str, evidence: HostEvidence) -> str:
    """' with status N' of its newest container, which has failed; '' if it has not. crictl does not list the status."""
    newest = evidence.lines(rf"^k8s_{name}_\S*\|[^|]*\|(.*)", "containers")
    ended = re.match(r"Exited \((\d+)\)", newest[0][1]) if newest else None
    if ended:
        return f" with status {ended[1]}" if ended[1] != "0" else ""
    rows = evidence.lines(rf"^[0-9a-f]{{10,64}} .* ago +(Running|Exited|Unknown) +{name} ", "containers")
    return " with an error" if rows and rows[0][1] == "Exited" else ""


def _last_words(log: str) -> str:
    """The last line that reports an error, or else the last line."""
    lines = [line for line in log.splitlines() if line.strip()]
    errors = [line for line in lines if re.match(_LAST_ERROR, line, re.IGNORECASE)]
    return (errors or lines or [""])[-1]


CONTROL_PLANE = (component_flag, etcd_data, etcd_unhealthy, etcd_slow)
