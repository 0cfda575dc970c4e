"""Back: out of the cluster, and what Kubernetes left on the machine removed. The OS preparation stays."""

from __future__ import annotations

from k8sboot.cluster import Cluster
from k8sboot.ensure.cluster import MANIFESTS, apiserver_answers
from k8sboot.ensure.noted import NOTED, noted
from k8sboot.former import Former
from k8sboot.host import Command, Host
from k8sboot.kubernetes import commands, parsers
from k8sboot.kubernetes.versions import cri_socket
from k8sboot.phase import everyone, first_master, phase
from k8sboot.phases.control_plane import ADMIN_CONF, UNFINISHED, USERS, version
from k8sboot.probe import Question, Reads

CNI_FILES = "/etc/cni/net.d/10-calico.conflist /etc/cni/net.d/calico-kubeconfig /etc/cni/net.d/calico-tls"
TRACES = Question(
    "kubernetes-traces",
    f"""for f in /etc/kubernetes/*.conf /etc/kubernetes/manifests/* /etc/kubernetes/pki {MANIFESTS} {UNFINISHED} \\
  /var/lib/kubelet/config.yaml /var/lib/etcd/member /var/lib/cni /var/lib/calico {CNI_FILES}; do
  [ ! -e "$f" ] || echo "$f"; done
ip -o link 2>/dev/null | awk -F': ' '{{print $2}}' | grep -E '^(cali|tunl0|vxlan.calico|kube-ipvs0)' | cut -d@ -f1
for t in iptables-save ip6tables-save; do $t 2>/dev/null | grep -qE 'KUBE-|cali-' && echo "$t"; done; true""",
)
UNDO_NETWORK = """
for l in $(ip -o link | awk -F': ' '{print $2}' | cut -d@ -f1 | grep -E '^(cali|vxlan.calico$|kube-ipvs0$)'); do
  ip link delete "$l" || true; done
if [ -e /proc/net/ip_vs ] && command -v ipvsadm >/dev/null; then ipvsadm --clear; fi
for v in iptables ip6tables iptables-legacy ip6tables-legacy iptables-nft ip6tables-nft; do
  command -v $v-save >/dev/null || continue
  rules=$($v-save 2>/dev/null) || continue
  case $rules in *KUBE-*|*cali-*) printf '%s\\n' "$rules" | grep -vE 'KUBE-|cali[-:]' | $v-restore ;; esac
done
"""


@phase(on=first_master, is_for_cluster=True, reads=Reads(files=(ADMIN_CONF,)))
def leave(cluster: Cluster, host: Host) -> None:
    """Drain the hosts that go, and take them out of the cluster, when others stay."""
    going = {peer.name for peer in cluster.chosen}
    staying = [spec.name for spec in cluster.spec.hosts if spec.name not in going]
    if not staying or host.name in going or host.file(ADMIN_CONF) is None or apiserver_answers(host):
        return
    members = {node.name for node in parsers.nodes(host.read(commands.get("nodes")))}
    for name in sorted(going & members):
        drain = commands.drain(name, kubectl_version=version(cluster), timeout=120)
        host.change(
            f"drain {name} and take it out of the cluster", drain, commands.delete_node(name), timeout=180
        )


@phase(on=everyone, reads=Reads(questions=(TRACES, USERS)), after=("leave",))
def reset_host(cluster: Cluster, host: Host) -> None:
    """Undo kubeadm, the pods' network and the kubeconfigs."""
    traces = host.answer(TRACES).text.split()
    if not traces:
        return
    homes = [line.split(":", 2)[2] for line in host.answer(USERS).text.splitlines()]
    configs = [f"{home}/.kube/config" for home in homes]
    # One that k8sboot has not written is kept, too, before it goes.
    steps: list[Command | Former] = [Former("file", path) for path in configs]
    if host.package("kubeadm"):
        steps.append(commands.kubeadm_reset(cri_socket(version(cluster), cluster.spec.runtime.name)))
    steps += [
        ["/bin/sh", "-c", UNDO_NETWORK],
        [
            "rm",
            "-rf",
            "--",
            *CNI_FILES.split(),
            "/var/lib/cni",
            "/var/lib/calico",
            "/var/run/calico",
            MANIFESTS,
        ],
        ["rm", "-rf", "--", UNFINISHED, "/var/lib/etcd/member", "/etc/kubernetes/pki", *configs],
    ]
    host.change("take Kubernetes off the machine", *steps, timeout=600, job=True, until=lambda: _left(host))


@phase(on=everyone, reads=Reads(questions=(NOTED,)), after=("reset-host",))
def what_stays(cluster: Cluster, host: Host) -> None:
    """Say what a reset leaves on the machine."""
    if not noted(host).is_empty:
        host.notice(
            "KB-RESET-STAYS",
            "left in place: packages, repositories, the container runtime and its images, and the OS settings of"
            " hosts, os-prep and kernel; `k8sboot reset --restore-os` undoes all but the packages",
        )


def _left(host: Host) -> str:
    left = host.answer(TRACES).text.split()
    return f"left over: {' '.join(left)}" if left else ""
