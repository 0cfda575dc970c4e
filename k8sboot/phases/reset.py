"""Reset: remove hosts from the cluster and Kubernetes from the hosts. The OS preparation stays."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import partial

from k8sboot import ensure, runtime
from k8sboot.cluster import Cluster
from k8sboot.desired.kubeadm import USERS, cri_socket
from k8sboot.desired.kubeconfigs import KEPT, OF_ROOT, content_of_others, kubeconfigs
from k8sboot.ensure.cluster import apiserver_answers
from k8sboot.ensure.mounts import KUBELET, NOTHING_MOUNTED, VOLUMES
from k8sboot.ensure.restore.notes import NOTED, read_notes
from k8sboot.errors import Refused
from k8sboot.host.folders import take_away
from k8sboot.host.host import Host
from k8sboot.host.originals import PriorState
from k8sboot.host.peer import Command, Peer
from k8sboot.host.reads import Question, Reads
from k8sboot.inventory.model import Spec
from k8sboot.kubernetes import commands, interfaces, parsers
from k8sboot.kubernetes.paths import ADMIN_CONF
from k8sboot.paths import CLUSTER_MARK, MANIFESTS_DIR, ORIGINALS_DIR, UNFINISHED
from k8sboot.phase import everyone, first_master, phase
from k8sboot.scripts import render

CNI_FILES = "/etc/cni/net.d/10-calico.conflist /etc/cni/net.d/calico-kubeconfig /etc/cni/net.d/calico-tls"
TRACES = Question(
    "kubernetes-traces",
    render("traces", OURS=f"{MANIFESTS_DIR} {UNFINISHED} {CNI_FILES}", LINKS=interfaces.LEFT),
)
KUBEADM = Question("kubeadm-program", "command -v kubeadm || :")
"""Its path, '' where it is not installed. Others install it without a package."""
MADE_BY_KUBEADM = re.compile(
    r"/etc/kubernetes/[^/]+\.conf|/etc/kubernetes/manifests/|/var/lib/kubelet/config\.yaml"
)
UNDO_NETWORK = render("undo-network", LINKS=interfaces.LEFT, CNI=CNI_FILES.split()[0])
DIRECTORIES = (
    *("/var/lib/cni", "/var/lib/calico", "/var/run/calico"),
    *(MANIFESTS_DIR, "/var/lib/etcd/member", "/etc/kubernetes/pki"),
)


@phase(on=first_master, scope="cluster", reads=Reads(files=(ADMIN_CONF,)))
def drain(cluster: Cluster, host: Host) -> None:
    """Drain the hosts to be reset, unless all of the cluster is."""
    for peer in _going(cluster, host):
        # Else its kubelet is gone and nothing would report that its pods have ended, or its reset is refused.
        if _traces(peer) and not _lacks_kubeadm(peer):
            words = commands.drain(peer.name, kubectl_version=cluster.spec.cluster.version, timeout=120)
            host.change(f"drain {peer.name}", words, timeout=180)


def _going(cluster: Cluster, host: Host) -> tuple[Peer, ...]:
    """The hosts that leave a cluster that stays; none if there is no cluster, or all of it is reset."""
    going = cluster.chosen
    if len(going) == len(cluster.spec.hosts) or host.name in {peer.name for peer in going}:
        return ()
    if host.file(ADMIN_CONF) is None or apiserver_answers(host):
        return ()
    members = {node.name for node in parsers.nodes(host.read(commands.get_fields("nodes", parsers.NODES)))}
    return tuple(peer for peer in going if peer.name in members)


# Before its Node is deleted: kubeadm reset removes a master from etcd only then.
@phase(
    on=everyone,
    reads=Reads(files=(ADMIN_CONF, OF_ROOT), units=(KUBELET,), questions=(TRACES, KUBEADM, USERS, VOLUMES)),
    after=("drain",),
    removes=True,
)
def reset_host(cluster: Cluster, host: Host) -> None:
    """Remove what kubeadm has set up, the pods' network and the kubeconfigs that k8sboot wrote."""
    if not _traces(host):
        return
    _refuse_without_kubeadm(host)
    ensure.unmounted(host, runtime.of(cluster.spec))
    configs = _own_kubeconfigs(cluster, host)
    # Saved first: one with the cluster's access may be a copy that the operator made.
    steps: list[Command | PriorState] = [PriorState("file", path) for path in configs]
    steps.append(NOTHING_MOUNTED)
    if host.answer(KUBEADM).text.strip():
        steps.append(commands.kubeadm_reset(cri_socket(cluster)))
    steps += [
        ["/bin/sh", "-c", UNDO_NETWORK],
        # What is no trace goes first: a reset that is cut after the last trace is not begun again.
        *([take_away(*configs)] if configs else []),
        ["rm", "-rf", "--", CLUSTER_MARK],
        ["/bin/sh", "-c", render("remove"), "remove", *DIRECTORIES],
        *_of_another_network(cluster.spec),
        ["rm", "-rf", "--", *CNI_FILES.split(), UNFINISHED],
    ]
    host.change(
        "take Kubernetes off the machine",
        *steps,
        diff="".join(f"{deed}\n" for deed in _deeds(host, configs)),
        timeout=600,
        job=True,
        check=lambda: _left(host),
    )
    if cluster.spec.plugin == "manifest":
        text = "what network.manifest's plugin has set in the kernel by itself stays until a reboot"
        host.notice("KB-RESET-STAYS", text)


def _deeds(host: Host, configs: Sequence[str]) -> Iterator[str]:
    """What happens, a line each."""
    traces = _traces(host)
    paths = [each for each in traces if each.startswith("/")]
    filters = [each.removesuffix("-save") for each in traces if each.endswith("tables-save")]
    links = [each for each in traces if each not in paths and not each.endswith("tables-save")]
    if host.answer(KUBEADM).text.strip():
        yield "stops kubelet and Kubernetes' containers, and unmounts kubelet's tmpfs (kubeadm reset)"
    if paths:
        yield f"deletes {', '.join(paths)}"
    if links:
        yield f"deletes the interfaces {', '.join(links)}"
    if filters:
        yield f"deletes the chains and rules of kube-proxy, kubelet and Calico ({', '.join(filters)})"
    if configs:
        yield f"deletes {', '.join(configs)}, after saving a copy in {ORIGINALS_DIR}"


def _own_kubeconfigs(cluster: Cluster, host: Host) -> list[str]:
    """Those to remove; others stay, and are named."""
    own, admin = [], None if host.is_unreadable(ADMIN_CONF) else host.read_file(ADMIN_CONF)
    for config in kubeconfigs(host, USERS):
        content = "it cannot be read"
        if not host.is_unreadable(config.path):
            content = content_of_others(cluster, host, config.path, admin)
        if content:
            host.notice(KEPT, f"{config.path} stays: k8sboot did not write it for this cluster; {content}")
        elif host.file(config.path) is not None:
            own.append(config.path)
    return own


def _of_another_network(spec: Spec) -> list[Command]:
    """What it left. Its configurations: preflight has seen to it that none was there before.

    A bridge with the former block's address would keep the next one's Pods from starting, and a route lead them astray.
    """
    undo = render("undo-plugin", LINKS=interfaces.OF_PLUGINS, SUBNET=spec.cluster.pod_subnet)
    return [["/bin/sh", "-c", undo]] if spec.plugin == "manifest" else []


def _refuse_without_kubeadm(host: Host) -> None:
    """Only kubeadm stops its containers, unmounts its tmpfs and takes a master out of etcd."""
    if made := _lacks_kubeadm(host):
        raise Refused(
            "cannot take Kubernetes off the machine: kubeadm is not installed",
            why=f"kubeadm has made {made}, and stops the containers that belong to it",
            fix="install kubeadm in the version of the cluster, for example with "
            f"`k8sboot phase package-versions kube-packages --limit {host.name}`, then run again",
            host=host.name,
            code="KB-RESET-KUBEADM",
        )


def _lacks_kubeadm(host: Peer) -> str:
    """A file of kubeadm's on a host that does not have kubeadm, '' for none."""
    has_kubeadm = host.answer(KUBEADM).text.strip()
    return "" if has_kubeadm else next(filter(MADE_BY_KUBEADM.match, _traces(host)), "")


@phase(on=first_master, scope="cluster", after=("reset-host",))
def leave(cluster: Cluster, host: Host) -> None:
    """Remove the reset hosts from the cluster, and masters from etcd."""
    for peer in _going(cluster, host):
        if not peer.check(partial(_left, peer)):
            if peer.role == "master":
                ensure.no_etcd_member(host, peer)
            host.change(f"take {peer.name} out of the cluster", commands.delete_node(peer.name))


@phase(on=everyone, reads=Reads(questions=(NOTED,)), after=("reset-host",))
def what_stays(cluster: Cluster, host: Host) -> None:
    """Report what a reset leaves on the host."""
    if not read_notes(host).is_empty:
        host.notice(
            "KB-RESET-STAYS",
            "left in place: packages, repositories, the container runtime and its images, and the OS settings of"
            " hosts, os-prep and kernel; `k8sboot reset --restore-os` undoes the settings and the repositories, not the"
            " packages, the runtime and the images",
        )


def _traces(host: Peer) -> list[str]:
    return host.answer(TRACES).text.split()


def _left(host: Peer) -> str:
    left = _traces(host)
    return f"left over: {' '.join(left)}" if left else ""
