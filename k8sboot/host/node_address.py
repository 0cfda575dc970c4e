"""Which of a host's addresses the cluster uses: the inventory's nodeAddress, or what the host itself tells."""

from __future__ import annotations

import ipaddress
import re
import socket
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

from k8sboot.errors import Refused
from k8sboot.host.reads import Question
from k8sboot.host.snapshot import Facts
from k8sboot.inventory.hosts import HostSpec
from k8sboot.kubernetes.paths import KUBELET_CONF
from k8sboot.paths import UNFINISHED

MEMBERS_ADDRESS = Question(
    "member-node-ip",
    f"[ ! -e {KUBELET_CONF} ] || [ -e {UNFINISHED} ] || "
    "sed -n '/^ *#/d; s/.*--node-ip=\\([0-9a-fA-F.:]*\\).*/\\1/p' /etc/default/kubelet /etc/sysconfig/kubelet",
)
"""The address that the kubelet of a member has; nothing on other machines."""
ANYWHERE = "192.0.2.1"
"""An address of nobody: the route to it is the default route."""


@dataclass(frozen=True)
class NodeAddress:
    """value: an IP address, '' if none was found. origin: how it was found, '' if `address` or the inventory is it.

    problem: why the host cannot have it, '' if it can.
    """

    value: str
    origin: str = ""
    problem: str = ""

    def usable(self, host: str) -> str:
        """The address. Refused if there is a problem with it."""
        if self.problem:
            raise Refused(self.problem, fix=FIX.format(host=host), host=host, code="KB-NODE-ADDRESS")
        return self.value


FIX = "set `nodeAddress` of {host} in the inventory to one of the host's own addresses (`ip -br address`)"


def route_to(first_master: HostSpec) -> Question:
    """The route that a host takes to the first master, as the inventory has it."""
    known = [first_master.node_address, first_master.address, *resolved(first_master.address)]
    target = next((each for each in known if is_ip(each)), ANYWHERE)
    return Question("route-to-first-master", f"ip -o route get {target}")


def found_on(
    host: HostSpec, first_master: HostSpec, facts: Facts, ask: Callable[[Question], str]
) -> NodeAddress:
    """A host's node address. ask: the host's answer to a question.

    What a member's kubelet has is fixed. It is compared with the host's own addresses, where they are known.
    """
    now = next(filter(is_ip, ask(MEMBERS_ADDRESS).split()), "")
    if host.node_address:
        return NodeAddress(host.node_address, problem=_of_said(host, facts, now))
    if now:
        return NodeAddress(now, problem=_of_member(now, facts))
    if _has(facts, host.address):
        return NodeAddress(host.address)
    return _searched(host, facts, lambda: ask(route_to(first_master)))


def _has(facts: Facts, address: str) -> bool:
    return is_ip(address) and (address in facts.addresses or not facts.addresses)


def _of_said(host: HostSpec, facts: Facts, now: str) -> str:
    """What is wrong with the inventory's nodeAddress."""
    if now and now != host.node_address and _has(facts, now):
        return f"nodeAddress {host.node_address}: this member has {now}, which is fixed until it is reset"
    if not _has(facts, host.node_address):
        return f"nodeAddress {host.node_address} is not an address of the host: it has {_own(facts)}"
    return ""


def _of_member(now: str, facts: Facts) -> str:
    """What is wrong with a member's present address."""
    if not _has(facts, now):
        return f"kubelet's --node-ip {now} is not an address of the host: it has {_own(facts)}"
    return ""


def _searched(host: HostSpec, facts: Facts, route: Callable[[], str]) -> NodeAddress:
    for each in resolved(host.address):
        if _has(facts, each):
            return NodeAddress(each, f"`address` {host.address} resolves to it")
    source = re.search(r"\bsrc (\S+)", route())
    if source and _has(facts, source[1]):
        return NodeAddress(
            source[1], f"the host does not have `address` {host.address}; on its route to the first master"
        )
    return NodeAddress("", problem=f"the host does not have `address` {host.address}, it has {_own(facts)}")


def _own(facts: Facts) -> str:
    return ", ".join(facts.own_addresses) or "none"


def of_unread(host: HostSpec) -> str:
    """The node address of a host that was not asked, as far as the inventory tells; '' if it does not."""
    told = (host.node_address, host.address, *resolved(host.address))
    return next((each for each in told if is_ip(each)), "")


def is_ip(text: str) -> bool:
    """Whether it is an IP address rather than a name, or nothing."""
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def is_in(address: str, network: str) -> bool:
    """Whether an address belongs to a network."""
    return is_ip(address) and ipaddress.ip_address(address) in ipaddress.ip_network(network)


@lru_cache
def resolved(name: str) -> tuple[str, ...]:
    """The IP addresses of a name as this machine resolves it, once in a run; IPv4 first. None for an IP address."""
    if is_ip(name):
        return ()
    try:
        found = socket.getaddrinfo(name, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return ()
    addresses = dict.fromkeys(str(each[4][0]) for each in found)
    return tuple(sorted(addresses, key=lambda each: ":" in each))
