"""Lint of the networks: pods, Services, the hosts' addresses and Docker's bridge must not overlap. Pure."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from ipaddress import IPv4Network

from k8sboot.inventory.lint_hosts import hosts_with_paths
from k8sboot.inventory.model import Spec
from k8sboot.inventory.problems import KeyPath, LintProblem

_POD: KeyPath = ("cluster", "podSubnet")
_SERVICE: KeyPath = ("cluster", "serviceSubnet")
_DOCKER0 = IPv4Network("172.17.0.0/16")
_PRIVATE = tuple(
    IPv4Network(net) for net in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10")
)
_UNUSABLE = tuple(IPv4Network(net) for net in ("0.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "224.0.0.0/3"))
_NODE_PREFIX = 24


def lint_networks(spec: Spec) -> Iterator[LintProblem]:
    """Problems of podSubnet, serviceSubnet and the addresses of the hosts."""
    pods, services = IPv4Network(spec.cluster.pod_subnet), IPv4Network(spec.cluster.service_subnet)
    for path, network in ((_POD, pods), (_SERVICE, services)):
        yield from _kind_of_addresses(path, network)
        yield from _docker_bridge(path, network, spec)
        yield from _hosts_inside(path, network, spec)
    if pods.overlaps(services):
        message = f"podSubnet {pods} and serviceSubnet {services} overlap"
        yield LintProblem(
            "KB-NET-OVERLAP", message, (_POD, _SERVICE), "the defaults are 172.16.0.0/16 and 10.96.0.0/16"
        )
    yield from _pod_size(pods, spec)
    yield from _service_size(services)


def _kind_of_addresses(path: KeyPath, network: IPv4Network) -> Iterator[LintProblem]:
    key = path[-1]
    if any(network.overlaps(each) for each in _UNUSABLE):
        message = f"{key} {network} is a loopback, link-local, multicast or reserved network"
        yield LintProblem(
            "KB-NET-FORM",
            message,
            (path,),
            "use a network within 10.0.0.0/8, 172.16.0.0/12 or 192.168.0.0/16",
        )
    elif not any(network.subnet_of(each) for each in _PRIVATE):
        near = f"172.16.0.0/{max(network.prefixlen, 16)}"
        fix = (
            f"did you mean `{near}`?"
            if str(network).startswith("172.")
            else "use a network within 10.0.0.0/8, 172.16.0.0/12 or 192.168.0.0/16"
        )
        message = f"{key} {network} is a public network: pods could not reach the Internet hosts in it"
        yield LintProblem("KB-NET-PUBLIC", message, (path,), fix, is_warning=True)


def _docker_bridge(path: KeyPath, network: IPv4Network, spec: Spec) -> Iterator[LintProblem]:
    if spec.runtime.name == "docker" and network.overlaps(_DOCKER0):
        message = f"{path[-1]} {network} overlaps the network of Docker's bridge docker0, {_DOCKER0}"
        fix = "use 172.16.0.0/16" if path == _POD else "use 10.96.0.0/16"
        yield LintProblem("KB-NET-DOCKER0", message, (path,), fix)


def _hosts_inside(path: KeyPath, network: IPv4Network, spec: Spec) -> Iterator[LintProblem]:
    for host, where in hosts_with_paths(spec):
        key, text = ("nodeAddress", host.node_address) if host.node_address else ("address", host.address)
        address = _ipv4(text)
        if address and address in network:
            message = f"{key} {address} of {host.name or 'a host'} is in {path[-1]} {network}"
            fix = f"use a {path[-1]} that contains no address of a host"
            yield LintProblem("KB-NET-HOST", message, (path, (*where, key)), fix)
            return
        if address and path == _POD and address in _DOCKER0 and spec.runtime.name == "docker":
            message = f"{key} {address} of {host.name or 'a host'} is in Docker's default network {_DOCKER0}"
            fix = "set `bip` in /etc/docker/daemon.json to give docker0 another network"
            yield LintProblem("KB-NET-DOCKER0", message, ((*where, key),), fix, is_warning=True)


def _ipv4(text: str) -> ipaddress.IPv4Address | None:
    try:
        return ipaddress.IPv4Address(text)
    except ValueError:
        return None


def _pod_size(pods: IPv4Network, spec: Spec) -> Iterator[LintProblem]:
    hosts = len(spec.hosts)
    if pods.prefixlen < _NODE_PREFIX - 16:
        message = f"podSubnet {pods} is too large: the limit is a /{_NODE_PREFIX - 16}"
        yield LintProblem(
            "KB-NET-SIZE", message, (_POD,), f"did you mean `{pods.network_address}/{_NODE_PREFIX - 8}`?"
        )
        return
    room = 2 ** (_NODE_PREFIX - pods.prefixlen) if pods.prefixlen <= _NODE_PREFIX else 0
    if room < hosts:
        needed = _NODE_PREFIX - (hosts - 1).bit_length()
        message = (
            f"podSubnet {pods} is too small: it has /{_NODE_PREFIX} networks for {room} of {hosts} hosts"
        )
        yield LintProblem(
            "KB-NET-SIZE", message, (_POD,), f"use a /{needed} or larger; a /16 leaves room to grow"
        )


def _service_size(services: IPv4Network) -> Iterator[LintProblem]:
    if services.prefixlen > 28:
        message = f"serviceSubnet {services} is too small: cluster DNS uses its tenth address"
        yield LintProblem(
            "KB-NET-SIZE", message, (_SERVICE,), f"did you mean `{services.network_address}/16`?"
        )
    elif services.prefixlen < 12:
        message = f"serviceSubnet {services} is too large: the API server accepts at most a /12"
        yield LintProblem(
            "KB-NET-SIZE", message, (_SERVICE,), f"did you mean `{services.network_address}/16`?"
        )
