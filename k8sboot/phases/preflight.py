"""Chapter 0: check every host before anything is changed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from statistics import median

from k8sboot import ensure, osfamily, runtime
from k8sboot.cluster import Cluster
from k8sboot.desired import (
    by_command,
    downloads,
    fitness,
    in_the_way,
    kept,
    open_ports,
    own_ports,
    proxy,
    resolver,
)
from k8sboot.desired.kubeadm import accepts_cgroup_v1, is_member
from k8sboot.desired.kubelet import ENVIRONMENTS, kubelet_environment
from k8sboot.desired.runtime import refuse_unfit_runtime, runtime_files, tell_kept
from k8sboot.ensure.boot import CONTAINER
from k8sboot.errors import Refused
from k8sboot.host.cgroups import has_cgroup_v1
from k8sboot.host.host import Host
from k8sboot.host.node_address import is_in
from k8sboot.host.peer import Peer
from k8sboot.host.reads import Question, Reads, union
from k8sboot.inventory.model import Spec
from k8sboot.kubernetes.paths import KUBELET_CONF
from k8sboot.membership.reading import READS as MEMBERSHIP
from k8sboot.membership.reading import membership_of
from k8sboot.phase import everyone, phase
from k8sboot.scripts import render

MAX_SKEW = 30
MIN_MASTER_CPUS = 2
MIN_MASTER_MEMORY_KIB = 1700 * 1024
MIN_DISK_FREE_KIB = 2 * 1024 * 1024
NO_CGROUPS = Question("missing-control-groups", render("missing-cgroups"), shares=True)
"""The control groups that kubelet needs and the kernel lacks: of v2 where it is in use, else of v1."""

CNI = Question(
    "cni-configurations",
    'cd /etc/cni/net.d && for f in *.conf *.conflist *.json; do [ ! -e "$f" ] || echo "$f"; done',
    shares=True,
)
"""The files of which kubelet takes the first by name as the pods' network."""
OURS = "10-calico.conflist"


def _reads(spec: Spec) -> Reads:
    own = Reads(files=(KUBELET_CONF, *ENVIRONMENTS), questions=(CONTAINER, NO_CGROUPS, CNI))
    living = union((kept.reads(spec), by_command.reads(spec), proxy.reads(spec), downloads.reads(spec)))
    machine = union((fitness.reads(spec), open_ports.reads(spec)))
    return union(
        (
            own,
            MEMBERSHIP,
            resolver.READS,
            in_the_way.reads(spec),
            runtime.of(spec).reads(spec),
            machine,
            living,
        )
    )


@phase(on=everyone, reads=_reads, looks_only=True)
def preflight(cluster: Cluster, host: Host) -> None:
    """Check that every host meets the requirements."""
    osfamily.of(host)
    is_first = host.name == cluster.spec.masters[0].name
    kept.refuse_unsupported(cluster)
    kept.refuse_other_kubernetes(cluster, cluster.everyone if is_first else (host,))
    kept.refuse_newer_runtime(cluster, host)
    refuse_unfit_runtime(cluster, host)
    by_command.refuse_other_runtime(cluster, host)
    by_command.refuse_missing_names(cluster, host)
    if is_first:
        by_command.refuse_other_encapsulation(cluster, host)
        _refuse_cgroup_v1_there(cluster, host)
        by_command.refuse_other_network(cluster, host)
    found = [
        *_address(cluster, host),
        *_machine(host),
        *_ports(cluster.spec, host),
        *_twins(cluster, host),
        *_clock(cluster, host),
        *_other_networks(cluster.spec, host),
        *_resolver(cluster, host),
        *_earlier(cluster.spec, host),
        *_release(cluster, host),
        *proxy.misfits(cluster.spec, host),
    ]
    if found:
        raise Refused(
            f"not fit for Kubernetes: {'; '.join(found)}",
            why="with any of these, kubeadm or the cluster would fail later",
            fix="fix what is listed, then run `k8sboot phase preflight` again; nothing was changed",
            host=host.name,
            code="KB-PREFLIGHT",
        )
    runtime_files(cluster, host)
    tell_kept(cluster, host)
    kubelet_environment(cluster, host)
    open_ports.refuse_filtered(cluster, host)


def _refuse_cgroup_v1_there(cluster: Cluster, host: Host) -> None:
    """Refused if a new host with cgroup v1 would read a configuration of the running cluster that refuses it."""
    if not accepts_cgroup_v1(cluster.spec) or not is_member(host):
        return
    new = [each.name for each in cluster.everyone if not is_member(each) and has_cgroup_v1(each)]
    running = ensure.running_cluster_now(host) if new else None
    if running and running.kubelet_configuration.get("failCgroupV1") is not False:
        name = running.kubelet_config_map
        raise Refused(
            f"the cluster's kubelets refuse control groups v1, which {', '.join(new)} uses",
            why=f"a host that joins reads its configuration from ConfigMap {name}, and failCgroupV1 is not false there",
            fix=f"set `failCgroupV1: false` with `kubectl -n kube-system edit configmap {name}`, then run again; "
            "nothing was changed",
            host=host.name,
            code="KB-CGROUP-V1",
        )


def _address(cluster: Cluster, host: Host) -> Iterator[str]:
    """What is wrong with the host's address in the cluster; one that was searched for is told."""
    node = host.node
    if node.problem:
        yield f"{node.problem}: set `nodeAddress` (`k8sboot explain KB-NODE-ADDRESS`)"
        return
    networks = {
        "podSubnet": cluster.spec.cluster.pod_subnet,
        "serviceSubnet": cluster.spec.cluster.service_subnet,
    }
    yield from (
        f"its nodeAddress {node.value} is in {key} {n}" for key, n in networks.items() if is_in(node.value, n)
    )
    twins = [p.name for p in cluster.everyone if p.name != host.name and p.node.value == node.value]
    if twins:
        yield f"its nodeAddress {node.value} is also that of {', '.join(twins)}: set `nodeAddress`"
    elif node.origin:
        host.notice("KB-NODE-ADDRESS", f"nodeAddress is {node.value}: {node.origin}")


def _machine(host: Host) -> Iterator[str]:
    facts = host.facts
    if facts.init != "systemd":
        yield f"process 1 is {facts.init or 'unknown'}, not systemd"
    if facts.arch not in ("x86_64", "aarch64"):
        yield f"the processor is {facts.arch}"
    if host.role == "master" and facts.cpus < MIN_MASTER_CPUS:
        yield f"{facts.cpus} processor, a master needs {MIN_MASTER_CPUS}"
    if host.role == "master" and facts.memory_kib < MIN_MASTER_MEMORY_KIB:
        yield f"{facts.memory_kib // 1024} MiB of memory, a master needs {MIN_MASTER_MEMORY_KIB // 1024}"
    if facts.disk_free_kib < MIN_DISK_FREE_KIB:
        yield f"{facts.disk_free_kib // 1024} MiB free under /var, {MIN_DISK_FREE_KIB // 1024} are needed"
    if missing := host.answer(NO_CGROUPS).text.split():
        yield f"its kernel has no control groups for {' and '.join(missing)} (`k8sboot explain KB-KERNEL-CGROUPS`)"


def _ports(spec: Spec, host: Host) -> Iterator[str]:
    """Ports in use; on a member of the cluster, and after a kubeadm that did not finish, by Kubernetes itself."""
    if host.file(KUBELET_CONF) is None and not membership_of(host).is_unfinished:
        yield from own_ports.taken(spec, host)


def _other_networks(spec: Spec, host: Host) -> Iterator[str]:
    """Another pod network's configuration: pods start on it until Calico's is there, or for good if it sorts first.

    A network that is left to the operator may be there before Kubernetes, and that of a manifest after a kubeadm that
    did not finish.
    """
    is_calico = spec.plugin == "calico"
    has_own = spec.plugin == "none" or (not is_calico and membership_of(host).is_unfinished)
    if host.file(KUBELET_CONF) is not None or has_own:
        return
    for name in host.answer(CNI).text.split():
        if name != OURS or not is_calico:
            own = "Calico's" if is_calico else "that of network.manifest"
            lasts = f"and prefers it to {own}" if name < OURS and is_calico else f"until {own} is there"
            yield f"kubelet takes another pod network from /etc/cni/net.d/{name} {lasts}: move that file away"


def _resolver(cluster: Cluster, host: Host) -> Iterator[str]:
    if host.file(KUBELET_CONF) is None and (servers := resolver.loop(cluster, host)):
        yield (
            f"its /etc/resolv.conf names only itself ({servers}), on which CoreDNS loops: name a real server there, or "
            "set `kubeadm: {kubeletConfiguration: {resolvConf: FILE}}`"
        )


def _earlier(spec: Spec, host: Host) -> Iterator[str]:
    """What an earlier installation left; on a member it runs."""
    if host.file(KUBELET_CONF) is None:
        yield from in_the_way.in_the_way(spec, host)


def _release(cluster: Cluster, host: Host) -> Iterator[str]:
    """What does not fit the release; on a member it runs, or diagnosis names it."""
    if host.file(KUBELET_CONF) is None:
        yield from fitness.misfits(cluster, host)
        fitness.tell_doubts(cluster, host)


def _twins(cluster: Cluster, host: Host) -> Iterator[str]:
    """Identifiers that must be unique in a cluster and are not: cloned machines share them."""
    for label, of in (
        ("machine-id", lambda p: (p.facts.machine_id,)),
        ("product_uuid", lambda p: (p.facts.product_uuid,)),
        ("MAC address", lambda p: p.facts.macs),
    ):
        count = Counter(value for peer in cluster.everyone for value in of(peer) if value)
        shared = [value for value in of(host) if count[value] > 1]
        if shared and not (label == "product_uuid" and _is_container(host)):
            others = [p.name for p in cluster.everyone if p.name != host.name and shared[0] in of(p)]
            yield f"its {label} {shared[0]} is also that of {', '.join(others)}"


def _is_container(host: Peer) -> bool:
    """Containers see the product_uuid of their machine."""
    return host.answer(CONTAINER).text not in ("", "none")


def _clock(cluster: Cluster, host: Host) -> Iterator[str]:
    skew = host.clock_offset - median(peer.clock_offset for peer in cluster.everyone)
    if abs(skew) > MAX_SKEW:
        yield f"its clock differs by {skew:+.0f} s from the other hosts (limit {MAX_SKEW} s): certificates would fail"
