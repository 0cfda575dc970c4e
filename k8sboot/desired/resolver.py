"""Which resolv.conf kubelet hands to pods: one that names only the host itself makes CoreDNS ask itself, in a loop."""

from __future__ import annotations

import ipaddress

from k8sboot.cluster import Cluster
from k8sboot.desired.kubeadm import is_member
from k8sboot.host.peer import Peer
from k8sboot.host.reads import Question, Reads
from k8sboot.kubernetes.paths import KUBELET_CONF
from k8sboot.paths import UNFINISHED

ETC_RESOLV = "/etc/resolv.conf"
SYSTEMD_RESOLV = "/run/systemd/resolve/resolv.conf"
RESOLVED = "systemd-resolved.service"
NETWORK_MANAGERS = ("/run/NetworkManager/no-stub-resolv.conf", "/run/NetworkManager/resolv.conf")
KUBELET_CONFIG = "/var/lib/kubelet/config.yaml"
FILES = (ETC_RESOLV, SYSTEMD_RESOLV, *NETWORK_MANAGERS)
RESOLVERS = Question(
    "resolvers",
    f"grep -HsE '^[[:space:]]*(nameserver|resolvConf:)[[:space:]]' {' '.join(FILES)} {KUBELET_CONFIG}",
)
"""The name servers of each resolv.conf, and the file that a member's kubelet is configured with."""
READS = Reads(files=(KUBELET_CONF, UNFINISHED), questions=(RESOLVERS,), units=(RESOLVED,))


def kubelet_resolver(cluster: Cluster, host: Peer, *, now: str) -> str:
    """The resolv.conf that kubelet needs as a flag, where the cluster's configuration names one that loops; or ''.

    now: what the flag says. A member keeps that, and so does any host while it works. The inventory's own resolvConf
    is never overridden.
    """
    if is_member(host) or now not in ("", *FILES) or _works(host, now):
        return now
    if _said(cluster) or _works(host, _configured(cluster, host)):
        return ""
    return next((path for path in FILES if _works(host, path)), "")


def loop(cluster: Cluster, host: Peer) -> str:
    """The name servers of a host that names only itself, with no file of others behind it; '' for any other."""
    own = _servers(host).get(ETC_RESOLV, [])
    if _said(cluster) or not own or any(_works(host, path) for path in FILES):
        return ""
    return ", ".join(own)


def _said(cluster: Cluster) -> bool:
    return "resolvConf" in cluster.spec.kubeadm.kubelet_configuration


def _configured(cluster: Cluster, host: Peer) -> str:
    """What kubelet's configuration has on the host; before it is a member, what kubeadm finds on the first master."""
    first = cluster.peers[cluster.spec.masters[0].name]
    for peer in (host, first):
        if found := _servers(peer).get(KUBELET_CONFIG):
            return found[-1]
    return SYSTEMD_RESOLV if first.unit(RESOLVED).active == "active" else ETC_RESOLV


def _works(host: Peer, path: str) -> bool:
    return any(not _is_local(server) for server in _servers(host).get(path, []))


def _is_local(server: str) -> bool:
    try:
        return ipaddress.ip_address(server.partition("%")[0]).is_loopback
    except ValueError:
        return True


def _servers(host: Peer) -> dict[str, list[str]]:
    """By file, the values of its lines."""
    found: dict[str, list[str]] = {}
    for line in host.answer(RESOLVERS).text.splitlines():
        path, _, rest = line.partition(":")
        words = rest.split()
        if len(words) > 1:
            found.setdefault(path, []).append(words[1].strip("'\""))
    return found
