"""Causes that show when the cluster settles: the pods' network, pods that do not start, nodes that fell silent."""

from __future__ import annotations

import re

from k8sboot.diagnosis.evidence import HostEvidence
from k8sboot.diagnosis.finding import Finding, told
from k8sboot.diagnosis.words import KUBELET, LogPattern

disk_pressure = LogPattern(
    "KB-DISK-PRESSURE",
    r"DiskPressure=True|must evict pod\(s\) to reclaim (?:ephemeral-storage|inodes|nodefs|imagefs)"
    r"|attempting to reclaim (?:ephemeral-storage|inodes)|had taint {node.kubernetes.io/disk-pressure",
    "a node is short of disk, so that kubelet evicts its pods and takes no new ones",
    "make room on it until less than 85 % are used, see `df -h /var/lib/docker /var/lib/kubelet`, for "
    "example with "
    "`docker system prune --all --force`",
    ("conditions", "events", *KUBELET),
)

ipvs_modules = LogPattern(
    "KB-IPVS-MODULES",
    r"IPVS proxier will not be used because the following required kernel modules are not loaded: "
    r"\[(?P<names>[^\]]*)\]",
    "kube-proxy runs iptables, because the kernel has not loaded {names}",
    "`modprobe -a {names}`, then `k8sboot phase kernel kube-proxy kube-proxy-mode`; or `kubeProxy: {{mode: "
    "iptables}}`",
    ("log-kube-proxy",),
)

conntrack_limit = LogPattern(
    "KB-CONNTRACK-LIMIT",
    r"open /proc/sys/net/(?:netfilter/)?nf_conntrack_max: (?P<why>permission denied|read-only file system)",
    "kube-proxy ends, because it may not set nf_conntrack_max here ({why}): the machine is a container",
    "kubeadm: {{kubeProxyConfiguration: {{conntrack: {{maxPerCore: 0}}}}}} in the inventory, and in the "
    "cluster "
    "`kubectl -n kube-system edit configmap kube-proxy`",
    ("log-kube-proxy",),
)


def cni_missing(evidence: HostEvidence) -> Finding | None:
    """A node that is not Ready because no network for pods is there."""
    found = evidence.find(r"^([^|]+)\|.*Ready=False: [^|]*(?:network plugin|cni)[^|]*", "conditions")
    if not found:
        return None
    has_none = evidence.find(r"^/etc/cni/net.d:$", "kubernetes-files") and not _has_cni(evidence)
    where = ", and /etc/cni/net.d on this machine is empty" if has_none else ""
    return Finding(
        "KB-CNI-MISSING",
        f"{told(found[1])} has no network for pods: no CNI plugin is ready{where}",
        "`kubectl -n kube-system get pods -l k8s-app=calico-node -o wide` shows what keeps Calico from it; "
        "where there is "
        "none: `k8sboot phase calico`",
    )


def _has_cni(evidence: HostEvidence) -> bool:
    """ls has listed a configuration under that folder, before the next one."""
    _, _, rest = evidence["kubernetes-files"].partition("/etc/cni/net.d:\n")
    listed = re.split(r"(?m)^/\S*:$", rest)[0]
    return re.search(r"(?m)\.conf(?:list)?$", listed) is not None


calico_bgp = LogPattern(
    "KB-CALICO-BGP",
    r"BIRD is not ready: BGP not established with (?P<peers>[\d., ]+)",
    "Calico cannot speak BGP with {peers}: pods there cannot be reached",
    "from one machine to the other: `timeout 5 bash -c '</dev/tcp/ADDRESS/179' && echo open`; open 179/tcp and "
    "IP-in-IP (protocol 4; 4789/udp with VXLAN) between all; set Calico's IP_AUTODETECTION_METHOD",
    ("events",),
)

unschedulable = LogPattern(
    "KB-UNSCHEDULABLE",
    r"FailedScheduling +(?P<what>\d+/\d+ nodes are available:.*\bInsufficient (?:cpu|memory|pods).*)",
    "a pod fits on no machine: {what}",
    "add machines, or ask for less: `kubectl -n kube-system describe pods | grep -A3 Requests`",
    ("events",),
)

node_silent = LogPattern(
    "KB-NODE-SILENT",
    r"^(?P<node>[^|]+)\|.*Ready=Unknown: (?P<why>[^|]*)",
    "nothing has been heard of {node} for a while: {why}",
    "on {node}: `systemctl status kubelet docker; journalctl -u kubelet -n 50 --no-pager`",
    ("conditions",),
)

pod_failing = LogPattern(
    "KB-POD-FAILING",
    r"^kube-system +(?P<pod>\S+) +\S+ +(?P<state>CrashLoopBackOff|Error|OOMKilled|\S*ImagePull\S*"
    r"|Create\w*Error"
    r"|RunContainerError|InvalidImageName|Init:\S*(?:Error|BackOff)) .*? (?P<node>\S+) +<?\w+>? +<?\w+>?$",
    "the pod {pod} on {node} does not come up: {state}",
    "`kubectl -n kube-system describe pod {pod} | tail -n 20; kubectl -n kube-system logs {pod} --previous "
    "--all-containers`",
    ("pods",),
)

CLUSTER = (disk_pressure, ipvs_modules, conntrack_limit, calico_bgp, unschedulable)
