"""Causes that came with later releases of Kubernetes: what was removed, what is refused, and what is new."""

from __future__ import annotations

from k8sboot.diagnosis.evidence import OUTPUT, HostEvidence
from k8sboot.diagnosis.finding import Finding
from k8sboot.diagnosis.words import KUBELET, STEP_OUTPUT, LogPattern, kubelet_fails
from k8sboot.kubernetes.releases import flag_gone_in

cgroup_v1_of_kubeadm = LogPattern(
    "KB-CGROUP-V1",
    r"\[ERROR SystemVerification\]: cgroups v1 support is",
    "the machine uses control groups v1, which kubeadm refuses from Kubernetes 1.35 on",
    "switch it to control groups v2 (the kernel argument systemd.unified_cgroup_hierarchy=1), or set "
    "os.allowCgroupV1 to true in the inventory; then run again",
    STEP_OUTPUT,
)

cgroup_v1_of_kubelet = LogPattern(
    "KB-CGROUP-V1",
    r"kubelet is configured to not run on a host using cgroup v1",
    "the machine uses control groups v1, with which kubelet does not start from Kubernetes 1.35 on",
    "switch it to control groups v2 (the kernel argument systemd.unified_cgroup_hierarchy=1); or set "
    "os.allowCgroupV1 to true in the inventory, and failCgroupV1 to false with `kubectl -n kube-system edit configmap "
    "kubelet-config` and `vi /var/lib/kubelet/config.yaml`, then run `systemctl restart kubelet`",
    KUBELET,
    kubelet_fails,
)


def flag_gone(evidence: HostEvidence) -> Finding | None:
    """kubelet has a flag that went with a release."""
    found = evidence.find(r"unknown flag: --([\w-]+)", *KUBELET)
    gone = flag_gone_in(found[1]) if found and kubelet_fails(evidence) else ""
    if not found or not gone:
        return None
    return Finding(
        "KB-KUBELET-FLAG",
        f"kubelet does not start: the flag --{found[1]} went in Kubernetes {gone}",
        f"remove it from the file that `grep -rln -- {found[1]} /var/lib/kubelet/kubeadm-flags.env "
        "/etc/default/kubelet /etc/sysconfig/kubelet /etc/systemd/system/kubelet.service.d` names, and from "
        "kubeletExtraArgs of the inventory; then run `systemctl restart kubelet` and run again",
    )


seccomp = LogPattern(
    "KB-SECCOMP",
    r"seccomp: config provided but seccomp not supported",
    "runc was built without seccomp, and the runtime asks for it: no container starts",
    "install the runc of the runtime's own packages, whose version names libseccomp; then run `k8sboot phase "
    "container-runtime`, and run again",
    (*STEP_OUTPUT, *KUBELET, "events"),
)

_NOT_IN_SYNC = "can only promote a learner member which is in sync with leader"
etcd_learner = LogPattern(
    "KB-ETCD-LEARNER",
    (
        rf"(?:^|error execution phase .*: )etcdserver: (?P<why>{_NOT_IN_SYNC}|too many learner members in cluster)",
        r"error execution phase .*: (?P<why>the etcd member \S+ is not started)",
    ),
    "the new master's etcd did not become a voting member: {why}",
    "find out why etcd does not start or keep up there: its image, the disk, ports 2379 and 2380 between the masters. "
    "Then run `k8sboot up` again, which first removes the member that was left",
    STEP_OUTPUT,
    yields_to=(
        *("KB-ETCD-DATA", "KB-ETCD-SLOW", "KB-CONTROL-PLANE-FLAG"),
        *("KB-IMAGE-UNKNOWN", "KB-REGISTRY-UNREACHABLE"),
    ),
)

admin_binding = LogPattern(
    "KB-ADMIN-BINDING",
    r'User "kubernetes-admin" cannot (?P<what>\w+ resource "[^"]{1,100}")',
    "admin.conf may not {what}: from Kubernetes 1.29 on its rights come from the ClusterRoleBinding "
    "kubeadm:cluster-admins",
    "restore it on the first master: `kubectl --kubeconfig /etc/kubernetes/super-admin.conf create clusterrolebinding "
    "kubeadm:cluster-admins --clusterrole=cluster-admin --group=kubeadm:cluster-admins`; then run again",
    (OUTPUT,),
)

dns_loop = LogPattern(
    "KB-DNS-LOOP",
    r"plugin/loop: Loop \((?P<how>[^)]{1,200})\) detected",
    "CoreDNS exits because it asks itself ({how}): the resolv.conf that kubelet hands to Pods names a local resolver",
    "name a file with real DNS servers as resolv-conf in kubeletExtraArgs of the inventory (of systemd-resolved: "
    "/run/systemd/resolve/resolv.conf); then run `k8sboot up`, and `kubectl -n kube-system rollout restart deployment "
    "coredns`",
    ("log-coredns",),
)

OF_MACHINE = (cgroup_v1_of_kubeadm, cgroup_v1_of_kubelet)
OF_RUNTIME = (seccomp,)
OF_KUBELET = (flag_gone,)
OF_CLUSTER = (etcd_learner, admin_binding, dns_loop)
