"""Lint of the hosts: their number, names and addresses, and the endpoint. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from k8sboot.inventory.endpoint_forms import split_endpoint
from k8sboot.inventory.hosts import HostSpec
from k8sboot.inventory.model import Spec
from k8sboot.inventory.problems import KeyPath, LintProblem
from k8sboot.inventory.suggest import dotted

_ENDPOINT: KeyPath = ("cluster", "controlPlaneEndpoint")


def hosts_with_paths(spec: Spec) -> Iterator[tuple[HostSpec, KeyPath]]:
    """Every host with its path in the inventory, masters first."""
    for section, hosts in (("masters", spec.masters), ("nodes", spec.nodes)):
        for index, host in enumerate(hosts):
            yield host, (section, index)


def lint_hosts(spec: Spec) -> Iterator[LintProblem]:
    """Problems of masters, nodes and the endpoint."""
    yield from _numbers(spec)
    yield from _twice(spec, "name", lambda host: host.name)
    yield from _twice(spec, "address", _login)
    yield from _twice(spec, "nodeAddress", lambda host: host.node_address)
    yield from _local(spec)
    yield from _endpoint(spec)
    yield from _host_keys(spec)
    yield from _jump_host_keys(spec)


def _numbers(spec: Spec) -> Iterator[LintProblem]:
    masters = len(spec.masters)
    if not masters:
        fix = "list at least one host under `masters:`"
        yield LintProblem("KB-NO-MASTER", "the cluster has no master", (("masters",),), fix)
    elif masters % 2 == 0:
        message = f"{masters} masters tolerate no more failures than {masters - 1}: etcd needs a majority"
        fix = f"use {masters - 1} or {masters + 1} masters"
        yield LintProblem("KB-EVEN-MASTERS", message, (("masters",),), fix, is_warning=True)
    if masters and not spec.nodes:
        message = "the cluster has no nodes: masters are tainted, so ordinary pods cannot be scheduled"
        yield LintProblem("KB-NO-NODES", message, (("nodes",),), "list hosts under `nodes:`", is_warning=True)


def _twice(spec: Spec, key: str, value_of: Callable[[HostSpec], str]) -> Iterator[LintProblem]:
    first: dict[str, KeyPath] = {}
    for host, path in hosts_with_paths(spec):
        value = value_of(host)
        if value and value in first:
            message = f"{key} {value.partition(' ')[0]} is already used by {dotted(first[value])}"
            yield LintProblem("KB-DUPLICATE-HOST", message, ((*path, key),), f"give each host its own {key}")
        first.setdefault(value, path)


def _login(host: HostSpec) -> str:
    """Where k8sboot logs in: behind NAT, hosts may differ in the port alone."""
    return f"{host.address} {host.ssh.port or ''}".strip()


def _local(spec: Spec) -> Iterator[LintProblem]:
    for host, path in hosts_with_paths(spec):
        if host.name == "localhost" or host.name.startswith("localhost-"):
            yield LintProblem(
                "KB-NAME",
                "localhost is not a valid host name in a cluster",
                ((*path, "name"),),
                "for example `k8s-node01`",
            )
        key, address = ("nodeAddress", host.node_address) if host.node_address else ("address", host.address)
        if address in {"localhost", "0.0.0.0", "::"} or address.startswith(("127.", "::1")):  # noqa: S104
            message = f"other hosts cannot reach {address}"
            fix = "set `nodeAddress` to the host's address in the hosts' own network"
            yield LintProblem("KB-ADDRESS", message, ((*path, key),), fix)


def _endpoint(spec: Spec) -> Iterator[LintProblem]:
    host = split_endpoint(spec.cluster.control_plane_endpoint)[0]
    node = next((each for each in spec.nodes if host and host in (each.node_address, each.address)), None)
    is_masters = host in {a for master in spec.masters for a in (master.node_address, master.address)}
    if node and not is_masters:
        message = f"controlPlaneEndpoint is the address of node {node.name}, which does not run an API server"
        yield LintProblem(
            "KB-ENDPOINT", message, (_ENDPOINT,), "use a master, a load balancer or a virtual IP"
        )
    elif is_masters and len(spec.masters) > 1:
        message = (
            f"controlPlaneEndpoint is a single master, {host}: if it fails, the API server is unreachable"
        )
        fix = "use a DNS name, a load balancer or a virtual IP: it is hard to change later"
        yield LintProblem("KB-ENDPOINT-SINGLE", message, (_ENDPOINT, ("masters",)), fix, is_warning=True)
    elif _is_ip(host) and not is_masters and len(spec.masters) == 1:
        message = f"controlPlaneEndpoint {host} is not the address of a master"
        fix = f"ignore this if {host} is a load balancer or a virtual IP"
        yield LintProblem("KB-ENDPOINT-ELSEWHERE", message, (_ENDPOINT,), fix, is_warning=True)


def _is_ip(host: str) -> bool:
    return ":" in host or host.replace(".", "").isdigit()


def _host_keys(spec: Spec) -> Iterator[LintProblem]:
    loose = [(host, path) for host, path in hosts_with_paths(spec) if host.ssh.host_key_policy == "insecure"]
    for _, path in loose[:1]:
        message = "hostKeyPolicy is insecure: passwords are sent to hosts whose identity is not verified"
        fix = "use accept-new: it records each key on first contact and refuses a changed one"
        about = ((*path, "ssh", "hostKeyPolicy"), ("ssh", "hostKeyPolicy"))
        yield LintProblem("KB-HOSTKEY-INSECURE", message, about, fix, is_warning=True)


def _jump_host_keys(spec: Spec) -> Iterator[LintProblem]:
    """Where the inventory does not set `jump`, ssh_config does, and the keys are counted when it has been read."""
    found: dict[tuple[int, int], KeyPath] = {}
    for host, path in hosts_with_paths(spec):
        if host.ssh.jump and host.ssh.jump_host_keys:
            hops = 0 if host.ssh.jump == "none" else host.ssh.jump.count(",") + 1
            found.setdefault((hops, len(host.ssh.jump_host_keys)), path)
    for (hops, keys), path in found.items():
        if hops != keys:
            about = ((*path, "ssh", "jumpHostKeys"), ("ssh", "jumpHostKeys"))
            fix = "give one key for each jump host, in their order"
            yield LintProblem("KB-JUMP-KEYS", f"{keys} jumpHostKeys for {hops} jump hosts", about, fix)
