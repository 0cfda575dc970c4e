"""What Kubernetes requires of a host's kernel. Which of it a host has, the host itself tells."""

from __future__ import annotations

import re

# Pods' file systems, and bridged packets through the packet filter: kubeadm's preflight and runtimes want them.
REQUIRED_MODULES = ("overlay", "br_netfilter")

# Of use where the kernel has them: sets and reverse-path tests for the packet filter, Calico's tunnel.
OPTIONAL_MODULES = ("ip_tables", "ip_set", "xt_set", "ipt_rpfilter", "ipt_REJECT", "ipip")

# Without these no pod reaches another; kubeadm's preflight refuses a host that lacks one.
REQUIRED_SYSCTLS = {
    "net.ipv4.ip_forward": "1",
    "net.bridge.bridge-nf-call-iptables": "1",
    "net.bridge.bridge-nf-call-ip6tables": "1",
}

# Not in here, though the runbook has them: net.ipv4.tcp_timestamps=0 (takes the effect from tcp_tw_reuse),
# net.ipv4.conf.all.route_localnet (opens services on 127.0.0.1 to neighbours, CVE-2020-8558),
# net.ipv4.ip_conntrack_max (gone from kernels) and net.netfilter.nf_conntrack_max (kube-proxy owns it and
# would write its own; k8sboot tells kube-proxy instead).
SYSCTLS = {
    **REQUIRED_SYSCTLS,
    "vm.swappiness": "0",
    "vm.overcommit_memory": "1",
    "vm.panic_on_oom": "0",
    "kernel.panic": "10",
    "kernel.panic_on_oops": "1",
    "fs.may_detach_mounts": "1",
    "fs.inotify.max_user_watches": "524288",
    "fs.inotify.max_user_instances": "8192",
    "fs.file-max": "52706963",
    "fs.nr_open": "52706963",
    "net.core.somaxconn": "16384",
    "net.ipv4.tcp_keepalive_time": "600",
    "net.ipv4.tcp_keepalive_probes": "3",
    "net.ipv4.tcp_keepalive_intvl": "15",
    "net.ipv4.tcp_max_tw_buckets": "36000",
    "net.ipv4.tcp_tw_reuse": "1",
    "net.ipv4.tcp_max_orphans": "327680",
    "net.ipv4.tcp_orphan_retries": "3",
    "net.ipv4.tcp_syncookies": "1",
    "net.ipv4.tcp_max_syn_backlog": "16384",
}

# At least so high: newer systemd and newer kernels, which count memory, go beyond the runbook's numbers, and
# systemd sets fs.file-max and fs.nr_open anew at every boot.
SYSCTL_FLOORS = frozenset(
    {"fs.file-max", "fs.nr_open", "fs.inotify.max_user_watches", "fs.inotify.max_user_instances"}
)

# Names that begin like these come with a module.
_BROUGHT_BY = {
    "net.bridge.": "br_netfilter",
    "net.netfilter.nf_conntrack_": "nf_conntrack",
    "net.ipv4.vs.": "ip_vs",
}


def brought_by(sysctl: str) -> str:
    """The kernel module that brings a sysctl; '' if it is the kernel's own."""
    return next((module for begin, module in _BROUGHT_BY.items() if sysctl.startswith(begin)), "")


def is_at_least(release: str, minimum: str) -> bool:
    """Whether a kernel release (`uname -r`) is this version ('5.4', '5.4.278') or newer."""
    return kernel_version(release) >= kernel_version(minimum)


CGROUPS_V1 = {"6.11": "CONFIG_MEMCG_V1", "6.12": "CONFIG_CPUSETS_V1"}
"""The kernel version from which a cgroup v1 controller that kubelet needs is a build option, off by default."""


def lacks_cgroups_v1(release: str, config: str) -> tuple[str, ...]:
    """The options that kubelet requires for cgroup v1. config: the kernel's /boot/config-*."""
    chosen = config.splitlines()
    return tuple(
        option
        for since, option in CGROUPS_V1.items()
        if is_at_least(release, since) and f"{option}=y" not in chosen
    )


def kernel_version(release: str) -> tuple[int, int, int]:
    """(3, 10, 0) for '3.10.0-1160.el7.x86_64'; (0, 0, 0) for what is not a release."""
    found = re.match(r"(\d{1,5})\.(\d{1,5})(?:\.(\d{1,5}))?", release, re.ASCII)
    if not found:
        return (0, 0, 0)
    major, minor, patch = (int(part or 0) for part in found.groups())
    return major, minor, patch
