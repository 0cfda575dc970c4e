"""Causes in the machine itself: space, memory, swap, ports, the clock, the kernel."""

from __future__ import annotations

import re
from collections.abc import Iterator

from k8sboot.diagnosis.evidence import OUTPUT, HostEvidence
from k8sboot.diagnosis.finding import Finding, told
from k8sboot.diagnosis.words import KUBELET, SAID, LogPattern, kubelet_fails

CONTROL_PLANE = ("log-etcd", "log-kube-apiserver", "log-kube-controller-manager", "log-kube-scheduler")
MAX_SKEW = 30.0
NEARLY_FULL_KIB = 4096


def disk_full(evidence: HostEvidence) -> Finding | None:
    """A write that failed, or a file system that has nothing left."""
    full = next(_full(evidence), "")
    said = evidence.find(
        r"no space left on device|have enough free space in (?P<path>\S+)|more space needed on the "
        r"(?P<on>\S+)",
        *SAID, *KUBELET, *CONTROL_PLANE, "runtime-errors", "events",
    )  # fmt: skip
    if not said and not full:
        return None
    is_etcd = evidence.find("no space left on device", "log-etcd")
    where = full or (" for etcd in /var/lib/etcd" if is_etcd else _written_to(said))
    return Finding(
        "KB-DISK-FULL",
        f"there is no space left{where}",
        "make room, see `df -h; df -i`, for example with `docker system prune --all --force; journalctl "
        "--vacuum-size=200M; apt-get clean || yum clean all`; then run again",
    )


def _full(evidence: HostEvidence) -> Iterator[str]:
    """File systems on which nothing more can be written, in df's words."""
    for section, kind, limit in (("disk", "KiB", NEARLY_FULL_KIB), ("inodes", "inodes", 0)):
        for row in evidence.lines(r"^\S+ +(\d+) +\d+ +(-?\d+) +\d+% +(/\S*)$", section):
            size, free, mount = int(row[1]), int(row[2]), row[3]
            if size and free <= min(limit, size // 100):
                yield f" on {mount}: {free} of {size} {kind} are free"


def _written_to(said: re.Match[str] | None) -> str:
    if not said:
        return ""
    named = said["path"] or said["on"]
    path = re.search(r"(?:write|open|mkdir|close|create|sync) (/[^\s:\"']+)", said.string)
    found = named or (path[1] if path else "")
    return f" for {told(found).rstrip('.')}" if found else ""


def out_of_memory(evidence: HostEvidence) -> Finding | None:
    """The kernel has killed a process since the phase began."""
    killed = evidence.find(r"out of memory.*kill(?:ed)? process (\d+) \(([^)]+)\)", "oom")
    if not killed:
        return None
    total = evidence.find(r"^MemTotal: +(\d+) kB", "memory")
    of = f" of {int(total[1]) // 1024} MiB" if total else ""
    is_limit = "cgroup" in killed.string.lower()
    short = "at the limit of its cgroup" if is_limit else f"for want of memory{of}"
    return Finding(
        "KB-OUT-OF-MEMORY",
        f"the kernel killed {told(killed[2])} (pid {killed[1]}) {short}",
        "give the machine more memory (a master needs 2 GiB or more), or stop what else uses it: "
        "`ps aux --sort=-rss | head`; then run again",
    )


def swap(evidence: HostEvidence) -> Finding | None:
    """kubelet or kubeadm refuses to run beside swap; that swap is on alone says nothing."""
    where = (*SAID, *KUBELET) if kubelet_fails(evidence) else SAID
    if not evidence.find(r"running with swap on is not supported", *where):
        return None
    devices = [row[1] for row in evidence.lines(r"^(/\S+) +\S+ +\d+", "swaps")]
    named = f" ({told(', '.join(devices))})" if devices else ""
    return Finding(
        "KB-SWAP",
        f"kubelet does not run where swap is on{named}",
        "`swapoff -a && systemctl mask swap.target` and comment its line in /etc/fstab out, which "
        "`k8sboot phase os-prep` does; find out what switched it on again",
    )


def port_busy(evidence: HostEvidence) -> Finding | None:
    """A port of Kubernetes is another program's."""
    found = evidence.find(r"\[ERROR Port-(\d+)\]|listen tcp\S* \S*:(\d+): bind: address already in use",
                          *SAID, *CONTROL_PLANE, *KUBELET)  # fmt: skip
    if not found:
        return None
    port = found[1] or found[2]
    name, pid = _holder(evidence, port)
    if is_ours(name):
        return None
    by = f"{name} (pid {pid})" if name else "something"
    look = f"systemctl status {pid}" if pid else f"ss -ltnp 'sport = :{port}'"
    return Finding(
        "KB-PORT-BUSY",
        f"port {port}, which Kubernetes needs, is taken by {by}",
        f"see what it is with `{look}`, stop it for good or give it another port, and run again",
    )


def is_ours(name: str) -> bool:
    """The name of a process is that of a part of Kubernetes."""
    return name in ("kubelet", "etcd") or name.startswith("kube-")


def _holder(evidence: HostEvidence, port: str) -> tuple[str, str]:
    """(name, pid) of the process that listens on a port, as ss or netstat has it."""
    for row in evidence.lines(rf":{port}\s", "ports"):
        ss = re.search(r'\(\("([^"]+)",pid=(\d+)', row.string)
        netstat = re.search(r"LISTEN +(\d+)/(\S+)", row.string)
        if ss:
            return told(ss[1]), ss[2]
        if netstat:
            return told(netstat[2]), netstat[1]
    return "", ""


def clock(evidence: HostEvidence) -> Finding | None:
    """A certificate that is not valid yet, or no more, by a clock that is off."""
    said = evidence.find(
        r"x509: certificate has expired or is not yet valid(?:: current time (\S+) is (before|after) (\S+))?",
        *SAID, *KUBELET, *CONTROL_PLANE,
    )  # fmt: skip
    early = evidence.find(r"Release file for (\S+) is not valid yet \(invalid for another ([^)]+)\)", OUTPUT)
    off = _offset(evidence)
    if early:
        what = f"by its clock {told(early[1])} is {told(early[2])} ahead of time"
    elif said and said[2] == "before":
        what = f"its clock says {told(said[1])}, and a certificate is valid only from {told(said[3]).rstrip(',')}"
    elif said and abs(off) > MAX_SKEW:
        what = "certificates are judged by a clock that is wrong"
    else:
        return None
    by = f"; it is {off:+.0f} s off the clock of this machine" if abs(off) > MAX_SKEW else ""
    return Finding(
        "KB-CLOCK",
        what + by,
        "set the clock: `chronyc makestep || ntpdate -u pool.ntp.org`, see `timedatectl`, then run again",
    )


def _offset(evidence: HostEvidence) -> float:
    found = evidence.find(r"^(-?\d{1,12})(?:\.\d+)?$", "clock-offset")
    return float(found[1]) if found else 0.0


def certificate_expired(evidence: HostEvidence) -> Finding | None:
    """A certificate that is past its end, by a clock that is right."""
    said = evidence.find(
        r"x509: certificate has expired or is not yet valid: current time (\S+) is after ([^\s,]+)",
        *SAID, *KUBELET, *CONTROL_PLANE,
    )  # fmt: skip
    if not said:
        return None
    return Finding(
        "KB-CERTIFICATE-EXPIRED",
        f"a certificate of the cluster ended on {told(said[2])}",
        "on every master: `kubeadm certs renew all` (before 1.20 `kubeadm alpha certs renew all`), restart "
        "the control "
        "plane's pods; see `kubeadm certs check-expiration`",
    )


kernel_setting = LogPattern(
    "KB-KERNEL-SETTING",
    r"\[ERROR FileContent-\S*?(?P<name>bridge-nf-call-ip6?tables|ip_forward)\]: (?P<what>.*)",
    "the kernel's {name} is not as Kubernetes needs it: {what}",
    "`modprobe br_netfilter`, then `k8sboot phase kernel`, which sets it now and at boot; if it is set "
    "back, look for "
    "who does: `grep -r {name} /etc/sysctl* /run/sysctl.d /usr/lib/sysctl.d`",
    SAID,
)

tool_missing = LogPattern(
    "KB-TOOL-MISSING",
    r"\[ERROR FileExisting-\S+\]: (?P<name>\S+) not found in system path",
    "the program {name}, which kubelet calls, is not installed",
    "`k8sboot phase os-packages`, or `apt-get install {name} || yum install {name}`",
    SAID,
)

cgroups = LogPattern(
    "KB-KERNEL-CGROUPS",
    (
        r"Following Cgroup subsystem not mounted: \[(?P<which>[^\]]+)\]",
        r"\[ERROR SystemVerification\]: missing (?:required )?cgroups: (?P<which>.*)",
    ),
    "the kernel has no control groups v1 for {which}, and kubelet does not run without",
    "give them to the kernel (`cgroup_enable=memory` on its command line, where it has them), boot another, or use "
    "control groups v2: `k8sboot explain KB-KERNEL-CGROUPS`; then run again",
    (*SAID, *KUBELET),
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
