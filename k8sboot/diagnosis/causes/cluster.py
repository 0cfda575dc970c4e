"""Causes in the cluster: disk pressure, kube-proxy, the pod network, Pods that do not start, silent nodes."""

from __future__ import annotations

import re

from k8sboot.diagnosis.causes.programs import program_of
from k8sboot.diagnosis.evidence import OUTPUT, HostEvidence
from k8sboot.diagnosis.finding import Finding, excerpt
from k8sboot.diagnosis.words import KUBELET, LogPattern

_DISK_PRESSURE = (
    r"DiskPressure=True|must evict pod\(s\) to reclaim (?:ephemeral-storage|inodes|nodefs|imagefs)"
    r"|attempting to reclaim (?:ephemeral-storage|inodes)|had taint {node.kubernetes.io/disk-pressure"
)


def disk_pressure(evidence: HostEvidence) -> Finding | None:
    """kubelet evicts Pods for lack of space."""
    if not evidence.find(_DISK_PRESSURE, "conditions", "events", *KUBELET):
        return None
    program = program_of(evidence)
    return Finding(
        "KB-DISK-PRESSURE",
        "a node has too little free disk space (DiskPressure): kubelet evicts its Pods and accepts no new ones",
        f"free disk space on the node until usage is below 85 %: check `df -h {program.data} /var/lib/kubelet`, then, "
        f"for example, run `{program.prune}`",
    )


ipvs_modules = LogPattern(
    "KB-IPVS-MODULES",
    r"IPVS proxier will not be used because the following required kernel modules are not loaded: "
    r"\[(?P<names>[^\]]{0,400})\]",
    "kube-proxy fell back to iptables: the kernel modules {names} are not loaded",
    "run `modprobe -a {names}`, then `k8sboot phase kernel kube-proxy kube-proxy-mode`; or set "
    "`kubeProxy: {{mode: iptables}}` in the inventory",
    ("log-kube-proxy",),
)

kubelet_unreachable = LogPattern(
    "KB-KUBELET-UNREACHABLE",
    r"(?:(?P<node>[^\s:;]+): )?Error from server: Get \\?\"https://(?P<where>[^/\"\s\\]+:10250)/\S*: "
    r"(?P<why>dial tcp .*)",
    "the API server cannot reach the kubelet of {node} at {where}: {why}",
    "open 10250/tcp on that machine for the masters: check `iptables -S INPUT` there, and that "
    "`kubectl get nodes -o wide` shows an INTERNAL-IP that the machine has",
    (OUTPUT,),
)

ipvs_fails = LogPattern(
    "KB-IPVS-FAILS",
    r"can't use the IPVS proxier: (?!IPVS proxier will not)(?P<why>[^\"\n]{1,300})",
    "kube-proxy exits because it cannot use ipvs: {why}",
    "run `k8sboot phase kernel kube-proxy-mode`, which loads the modules of ipvs and ip_set or names what is missing; "
    "or set `kubeProxy: {{mode: iptables}}` in the inventory",
    ("log-kube-proxy",),
)

nft_crashes = LogPattern(
    "KB-PROXY-NFT",
    r"(?:failed to run nft: signal: |nftables sync failed\W+err=\W+signal: )(?P<signal>segmentation fault|aborted)",
    "kube-proxy's nft crashes ({signal}) on tables that a newer nft of this host has made",
    "set `kubeProxy: {{mode: iptables}}` in the inventory and run `k8sboot phase kube-proxy kube-proxy-mode`, or use "
    "Kubernetes 1.37 or later; see `k8sboot explain KB-PROXY-NFT`",
    ("log-kube-proxy",),
)

nftables_kernel = LogPattern(
    "KB-PROXY-KERNEL",
    r"kube-proxy in nftables mode requires kernel (?P<kernel>[\d.]{1,20}) or later",
    "kube-proxy exits: its mode nftables needs kernel {kernel} or later, and this host's is older",
    "set `kubeProxy: {{mode: iptables}}` in the inventory, or install a newer kernel (os.kernel), then run again",
    ("log-kube-proxy",),
)

conntrack_limit = LogPattern(
    "KB-CONNTRACK-LIMIT",
    r"open /proc/sys/net/(?:netfilter/)?nf_conntrack_max: (?P<why>permission denied|read-only file system)",
    "kube-proxy exits because it cannot set nf_conntrack_max ({why}): the machine is a container",
    "set kubeadm.kubeProxyConfiguration.conntrack.maxPerCore to 0 in the inventory; in a running cluster "
    "also run `kubectl -n kube-system edit configmap kube-proxy`",
    ("log-kube-proxy",),
)


def cni_missing(evidence: HostEvidence) -> Finding | None:
    """A node is not Ready because it has no pod network."""
    found = evidence.find(r"^([^|]+)\|.*Ready=False: [^|]*(?:network plugin|cni)[^|]*", "conditions")
    if not found:
        return None
    has_none = evidence.find(r"^/etc/cni/net.d:$", "kubernetes-files") and not _has_cni(evidence)
    where = ", and /etc/cni/net.d on this machine is empty" if has_none else ""
    return Finding(
        "KB-CNI-MISSING",
        f"{excerpt(found[1])} has no pod network: no CNI plugin is ready{where}",
        "find out what stops Calico with `kubectl -n kube-system get pods -l k8s-app=calico-node -o "
        "wide`; if it lists no Pods, run `k8sboot phase calico`; with another plugin, look at its own Pods: `kubectl "
        "get pods -A -o wide`",
    )


def _has_cni(evidence: HostEvidence) -> bool:
    """Whether ls listed a configuration in that directory, before the next directory."""
    _, _, rest = evidence["kubernetes-files"].partition("/etc/cni/net.d:\n")
    listed = re.split(r"(?m)^/\S*:$", rest)[0]
    return re.search(r"(?m)\.conf(?:list)?$", listed) is not None


calico_bgp = LogPattern(
    "KB-CALICO-BGP",
    r"BIRD is not ready: BGP not established with (?P<peers>[\d., ]+)",
    "Calico has no BGP session with {peers}: Pods on those hosts cannot be reached",
    "test the port between the hosts with `timeout 5 bash -c '</dev/tcp/ADDRESS/179' && echo open`; open "
    "179/tcp and IP-in-IP (protocol 4; with VXLAN 4789/udp) between all of them, or set Calico's "
    "IP_AUTODETECTION_METHOD",
    ("events",),
)

unschedulable = LogPattern(
    "KB-UNSCHEDULABLE",
    r"FailedScheduling +(?P<what>\d+/\d+ nodes are available:.*\bInsufficient (?:cpu|memory|pods).*)",
    "a Pod does not fit on any node: {what}",
    "add nodes, or lower the Pod's requests: `kubectl -n kube-system describe pods | grep -A3 Requests` "
    "shows them",
    ("events",),
)


def node_silent(evidence: HostEvidence) -> Finding | None:
    """A node's kubelet has stopped reporting."""
    found = evidence.find(r"^([^|]+)\|.*Ready=Unknown: ([^|]*)", "conditions")
    if not found:
        return None
    node = excerpt(found[1])
    return Finding(
        "KB-NODE-SILENT",
        f"{node} stopped reporting its status: {excerpt(found[2])}".rstrip(" :"),
        f"check kubelet and the runtime on {node}: `systemctl status kubelet {program_of(evidence).unit}; journalctl "
        "-u kubelet -n 50 --no-pager`",
    )


pod_failing = LogPattern(
    "KB-POD-FAILING",
    r"^kube-system +(?P<pod>\S+) +\S+ +(?P<state>CrashLoopBackOff|Error|OOMKilled|\S*ImagePull\S*"
    r"|Create\w*Error"
    r"|RunContainerError|InvalidImageName|Init:\S*(?:Error|BackOff)) .*? (?P<node>\S+) +<?\w+>? +<?\w+>?$",
    "the Pod {pod} on {node} does not start: {state}",
    "find the reason with `kubectl -n kube-system describe pod {pod} | tail -n 20; kubectl -n kube-system "
    "logs {pod} --previous --all-containers`",
    ("pods",),
)

CLUSTER = (
    *(disk_pressure, kubelet_unreachable, ipvs_modules, ipvs_fails, nft_crashes, nftables_kernel),
    *(conntrack_limit, calico_bgp, unschedulable),
)
