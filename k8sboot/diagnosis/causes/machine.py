"""Causes in the machine: disk space, memory, swap, ports, the clock, the kernel."""

from __future__ import annotations

import re
from collections.abc import Iterator

from k8sboot.diagnosis.causes.programs import program_of
from k8sboot.diagnosis.evidence import OUTPUT, HostEvidence
from k8sboot.diagnosis.finding import Finding, excerpt
from k8sboot.diagnosis.words import KUBELET, STEP_OUTPUT, LogPattern, kubelet_fails

CONTROL_PLANE = ("log-etcd", "log-kube-apiserver", "log-kube-controller-manager", "log-kube-scheduler")
MAX_SKEW = 30.0
NEARLY_FULL_KIB = 4096


def disk_full(evidence: HostEvidence) -> Finding | None:
    """A write failed, or a file system is full."""
    full = next(_full(evidence), "")
    match = evidence.find(
        r"no space left on device|have enough free space in (?P<path>\S+)|more space needed on the "
        r"(?P<on>\S+)",
        *STEP_OUTPUT, *KUBELET, *CONTROL_PLANE, "runtime-errors", "events",
    )  # fmt: skip
    if not match and not full:
        return None
    is_etcd = evidence.find("no space left on device", "log-etcd")
    where = full or (" for etcd in /var/lib/etcd" if is_etcd else _written_to(match))
    return Finding(
        "KB-DISK-FULL",
        f"no space left{where}",
        "free disk space, then run again: check `df -h; df -i`, then, for example, run "
        f"`{program_of(evidence).prune}; journalctl --vacuum-size=200M; apt-get clean || yum clean all`",
    )


def _full(evidence: HostEvidence) -> Iterator[str]:
    """File systems that are full, as df reports them."""
    for section, kind, limit in (("disk", "KiB", NEARLY_FULL_KIB), ("inodes", "inodes", 0)):
        for row in evidence.lines(r"^\S+ +(\d+) +\d+ +(-?\d+) +\d+% +(/\S*)$", section):
            size, free, mount = int(row[1]), int(row[2]), row[3]
            if size and free <= min(limit, size // 100):
                yield f" on {mount}: {free} of {size} {kind} are free"


def _written_to(match: re.Match[str] | None) -> str:
    if not match:
        return ""
    named = match["path"] or match["on"]
    path = re.search(r"(?:write|open|mkdir|close|create|sync) (/[^\s:\"']+)", match.string)
    found = named or (path[1] if path else "")
    return f" for {excerpt(found).rstrip('.')}" if found else ""


def out_of_memory(evidence: HostEvidence) -> Finding | None:
    """The kernel killed a process since the phase began."""
    killed = evidence.find(r"out of memory.*kill(?:ed)? process (\d+) \(([^)]{1,64})\)", "oom")
    if not killed:
        return None
    total = evidence.find(r"^MemTotal: +(\d+) kB", "memory")
    of = f" ({int(total[1]) // 1024} MiB in total)" if total else ""
    is_limit = "cgroup" in killed.string.lower()
    short = "at the limit of its cgroup" if is_limit else f"for lack of memory{of}"
    return Finding(
        "KB-OUT-OF-MEMORY",
        f"the kernel killed {excerpt(killed[2])} (pid {killed[1]}) {short}",
        "give the machine more memory (a master needs at least 2 GiB), or stop other processes: `ps aux "
        "--sort=-rss | head` shows the largest; then run again",
    )


def swap(evidence: HostEvidence) -> Finding | None:
    """kubelet or kubeadm refuses to run with swap on; swap that is on is no proof by itself."""
    where = (*STEP_OUTPUT, *KUBELET) if kubelet_fails(evidence) else STEP_OUTPUT
    if not evidence.find(r"running with swap on is not supported", *where):
        return None
    devices = [row[1] for row in evidence.lines(r"^(/\S+) +\S+ +\d+", "swaps")]
    named = f" ({excerpt(', '.join(devices))})" if devices else ""
    return Finding(
        "KB-SWAP",
        f"kubelet does not start because swap is on{named}",
        "run `k8sboot phase os-prep`, which turns swap off now and at boot; by hand, run `swapoff -a && "
        "systemctl mask swap.target` and comment out its line in /etc/fstab. Then find out what turned it "
        "on again",
    )


def port_busy(evidence: HostEvidence) -> Finding | None:
    """Another program listens on a port that Kubernetes needs."""
    found = evidence.find(r"\[ERROR Port-(\d+)\]|listen tcp\S* \S*:(\d+): bind: address already in use",
                          *STEP_OUTPUT, *CONTROL_PLANE, *KUBELET)  # fmt: skip
    if not found:
        return None
    port = found[1] or found[2]
    name, pid = _holder(evidence, port)
    if is_ours(name):
        return None
    by = f"{name} (pid {pid})" if name else "an unknown process"
    look = f"systemctl status {pid}" if pid else f"ss -ltnp 'sport = :{port}'"
    return Finding(
        "KB-PORT-BUSY",
        f"port {port}, which Kubernetes needs, is in use by {by}",
        f"identify the process with `{look}`, stop and disable it or move it to another port, then run again",
    )


def is_ours(name: str) -> bool:
    """Whether a process name is that of a Kubernetes component."""
    return name in ("kubelet", "etcd") or name.startswith("kube-")


def _holder(evidence: HostEvidence, port: str) -> tuple[str, str]:
    """(name, pid) of the process that listens on a port, as ss or netstat has it."""
    for row in evidence.lines(rf":{port}\s", "ports"):
        ss = re.search(r'\(\("([^"]+)",pid=(\d+)', row.string)
        netstat = re.search(r"LISTEN +(\d+)/(\S+)", row.string)
        if ss:
            return excerpt(ss[1]), ss[2]
        if netstat:
            return excerpt(netstat[2]), netstat[1]
    return "", ""


def clock(evidence: HostEvidence) -> Finding | None:
    """A certificate is not yet valid, or no longer valid, because the clock is wrong."""
    match = evidence.find(
        r"x509: certificate has expired or is not yet valid(?:: current time (\S+) is (before|after) (\S+))?",
        *STEP_OUTPUT, *KUBELET, *CONTROL_PLANE,
    )  # fmt: skip
    early = evidence.find(r"Release file for (\S+) is not valid yet \(invalid for another ([^)]+)\)", OUTPUT)
    off = _offset(evidence)
    if early:
        what = f"its clock is behind: {excerpt(early[1])} becomes valid only in {excerpt(early[2])}"
    elif match and match[2] == "before":
        what = (
            f"its clock says {excerpt(match[1])}, but a certificate is valid only from "
            f"{excerpt(match[3]).rstrip(',')}"
        )
    elif match and abs(off) > MAX_SKEW:
        what = "its clock is wrong, so that valid certificates appear expired"
    else:
        return None
    by = f"; it differs by {off:+.0f} s from the local clock" if abs(off) > MAX_SKEW else ""
    return Finding(
        "KB-CLOCK",
        what + by,
        "set the clock with `chronyc makestep || ntpdate -u pool.ntp.org`, check it with `timedatectl`, "
        "then run again",
    )


def _offset(evidence: HostEvidence) -> float:
    found = evidence.find(r"^(-?\d{1,12})(?:\.\d+)?$", "clock-offset")
    return float(found[1]) if found else 0.0


def certificate_expired(evidence: HostEvidence) -> Finding | None:
    """A certificate has expired, and the clock is right."""
    match = evidence.find(
        r"x509: certificate has expired or is not yet valid: current time (\S+) is after ([^\s,]+)",
        *STEP_OUTPUT, *KUBELET, *CONTROL_PLANE,
    )  # fmt: skip
    if not match:
        return None
    return Finding(
        "KB-CERTIFICATE-EXPIRED",
        f"a certificate of the cluster expired on {excerpt(match[2])}",
        "run `kubeadm certs renew all` on every master (before 1.20 `kubeadm alpha certs renew all`), "
        "then restart the control plane's Pods; `kubeadm certs check-expiration` shows the dates",
    )


kernel_setting = LogPattern(
    "KB-KERNEL-SETTING",
    r"\[ERROR FileContent-\S*?(?P<name>bridge-nf-call-ip6?tables|ip_forward)\]: (?P<what>.*)",
    "the kernel setting {name} is wrong for Kubernetes: {what}",
    "run `modprobe br_netfilter`, then `k8sboot phase kernel`, which sets it now and at boot; if it "
    "changes back, find out what sets it: `grep -r {name} /etc/sysctl* /run/sysctl.d /usr/lib/sysctl.d`",
    STEP_OUTPUT,
)

tool_missing = LogPattern(
    "KB-TOOL-MISSING",
    r"\[ERROR FileExisting-\S+\]: (?P<name>\S+) not found in system path",
    "the program {name}, which kubelet needs, is not installed",
    "run `k8sboot phase os-packages`, or `apt-get install {name} || yum install {name}`",
    STEP_OUTPUT,
)

cgroups = LogPattern(
    "KB-KERNEL-CGROUPS",
    (
        r"Following Cgroup subsystem not mounted: \[(?P<which>[^\]]+)\]",
        r"\[ERROR SystemVerification\]: missing (?:required )?cgroups: (?P<which>.*)",
    ),
    "the kernel has no cgroup v1 controllers for {which}, which kubelet requires",
    "enable them on the kernel command line (`cgroup_enable=memory`) if the kernel has them, boot another "
    "kernel, or switch to cgroup v2 (see `k8sboot explain KB-KERNEL-CGROUPS`); then run again",
    (*STEP_OUTPUT, *KUBELET),
)

MACHINE = (
    disk_full,
    out_of_memory,
    clock,
    certificate_expired,
    swap,
    kernel_setting,
    tool_missing,
    cgroups,
    port_busy,
)
