"""What `up` refuses on a running cluster, since a change needs a command of its own."""

from __future__ import annotations

import shlex

from k8sboot import runtime
from k8sboot.cluster import Cluster
from k8sboot.desired.kubeadm import cri_socket, is_member
from k8sboot.desired.network import CNI_IN_FORCE, network_manifest
from k8sboot.errors import Refused
from k8sboot.host.peer import Peer
from k8sboot.host.reads import Reads, union
from k8sboot.inventory.model import Spec
from k8sboot.kubernetes import commands, kubelet_socket
from k8sboot.kubernetes.alternative_names import alternative_names
from k8sboot.kubernetes.ip_pools import MODES, pools
from k8sboot.kubernetes.paths import APISERVER_CERT
from k8sboot.kubernetes.running import RunningCluster, running_cluster

KUBELETS_RUNTIME = Reads(files=kubelet_socket.FILES)
"""By these files it is known with which runtime a member's kubelet works."""


def reads(spec: Spec) -> Reads:
    """What these checks read on a host."""
    certificate = (APISERVER_CERT,) if spec.cluster.cert_sans else ()
    return union((Reads(files=certificate, questions=(CNI_IN_FORCE,)), KUBELETS_RUNTIME))


def refuse_missing_names(cluster: Cluster, host: Peer) -> None:
    """Refused if this master's certificate lacks a name of the inventory: kubeadm makes it once."""
    wanted = cluster.spec.cluster.cert_sans
    text = host.read_file(APISERVER_CERT) if wanted and host.role == "master" and is_member(host) else None
    if text is None:
        return
    there = alternative_names(text)
    missing = [name for name in wanted if name.lower() not in there]
    if missing:
        raise Refused(
            f"the API server's certificate lacks {', '.join(missing)} of cluster.certSANs",
            why=f"it is valid for {', '.join(sorted(there))}; `up` does not renew certificates",
            fix="remove from cluster.certSANs what it lacks, or renew the certificate (`k8sboot explain "
            "KB-CERT-SANS`), then run again; nothing was changed",
            host=host.name,
            code="KB-CERT-SANS",
        )


def refuse_other_runtime(cluster: Cluster, host: Peer) -> None:
    """Refused if the kubelet of this member works with another runtime than the inventory's."""
    if not is_member(host):
        return
    there = kubelet_socket.socket_of(*(host.read_file(path) or "" for path in kubelet_socket.FILES))
    if not there or kubelet_socket.is_same(there, cri_socket(cluster)):
        return
    wanted = cluster.spec.runtime.name
    known = [
        each.name
        for each in runtime.RUNTIMES
        if kubelet_socket.is_same(there, each.cri_socket(cluster.spec.cluster.version))
    ]
    kept = known[0] if known else ""
    raise Refused(
        f"kubelet works with {kept or there}, the inventory wants {wanted}",
        why="`up` does not change the container runtime of a member: its containers and images would be left behind",
        fix=(
            f"set `runtime.name: {kept}` to keep the cluster as it is"
            if kept
            else "remove the host from the cluster"
        )
        + f", or run `k8sboot reset --limit {host.name}` and then `k8sboot up`, host by host; nothing was changed",
        host=host.name,
        code="KB-RUNTIME-OTHER",
    )


def refuse_other_encapsulation(cluster: Cluster, host: Peer) -> None:
    """Refused if Calico's pool has another encapsulation: its manifest sets it only when the pool is created."""
    settings = cluster.spec.calico
    if (
        "calico.encapsulation" not in cluster.spec.said
        or cluster.spec.plugin != "calico"
        or not is_member(host)
    ):
        return
    answer = host.ask(commands.ip_pools())
    found = pools(answer.text) if answer.exit_status == 0 else ()
    other = next((pool for pool in found if pool.encapsulation != settings.encapsulation), None)
    if other:
        ipip, vxlan = MODES[settings.encapsulation]
        patch = f'{{"spec":{{"ipipMode":"{ipip}","vxlanMode":"{vxlan}"}}}}'
        raise Refused(
            f"Calico's pool {other.name} uses {other.encapsulation}, calico.encapsulation is "
            f"{settings.encapsulation}",
            why="Calico reads this setting when it creates the pool; with the new manifest and the old pool, Pods of "
            "different hosts could not reach each other",
            fix=f"set `calico.encapsulation: {other.encapsulation}`, or change the pool first, which interrupts the "
            f"Pods' network: `kubectl patch ippools.crd.projectcalico.org {shlex.quote(other.name)} --type merge "
            f"-p '{patch}'`; then run again; nothing was changed",
            host=host.name,
            code="KB-CALICO-POOL",
        )


def refuse_other_network(cluster: Cluster, host: Peer) -> None:
    """Refused if the cluster has another pod network than the inventory wants installed."""
    spec = cluster.spec
    if spec.plugin == "none" or not is_member(host):
        return
    answer = host.ask_once(commands.running_cluster())
    there = _other_network(spec, host, running_cluster(answer.text)) if answer.exit_status == 0 else ""
    if there:
        is_calico = spec.plugin == "calico"
        keep = "none" if is_calico else "calico"
        or_else = ", or move the file away if no pod network reads it" if is_calico else ""
        raise Refused(
            f"the cluster's pod network is {there}, network.plugin is {spec.plugin}",
            why="`up` does not move running Pods from one network to another: with two networks, Pods of different "
            "hosts could not reach each other",
            fix=f"set `network: {{plugin: {keep}}}` to keep what the cluster has{or_else}, then run again; nothing was "
            "changed",
            host=host.name,
            code="KB-NETWORK-PLUGIN",
        )


def _other_network(spec: Spec, host: Peer, running: RunningCluster) -> str:
    if spec.plugin == "manifest":
        is_other = running.has_calico and "calico-node" not in network_manifest(spec).daemon_sets
        return f"Calico {running.calico_version}".strip() if is_other else ""
    file = "" if running.has_calico else host.answer(CNI_IN_FORCE).text.strip()
    return f"that of /etc/cni/net.d/{file}" if file and "calico" not in file else ""
