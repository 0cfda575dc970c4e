"""etcd's members, listed and removed with etcdctl in a master's own etcd Pod.

kubeadm reset removes its member only while the machine's Node is in the cluster, and a lost machine removes nothing.
kubeadm join refuses to add a member while another one does not respond.
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from k8sboot.kubernetes.answers import at, mappings_at, number_at, read_object, text_at
from k8sboot.kubernetes.commands import Words, kubectl

_PKI = "/etc/kubernetes/pki/etcd"
_KEYS = ("--cacert", f"{_PKI}/ca.crt", "--cert", f"{_PKI}/server.crt", "--key", f"{_PKI}/server.key")


@dataclass(frozen=True)
class Member:
    """A member of etcd. id: as etcdctl accepts it. name: '' for a member that was added but never started.

    addresses: its peer URLs.
    """

    id: str
    name: str
    addresses: tuple[str, ...]


LIST: Words = ("etcdctl", *_KEYS, "--command-timeout", "5s", "member", "list", "--write-out", "json")
"""What lists the members as JSON, in a Pod of etcd."""


def member_list(master: str) -> Words:
    """List the members as JSON."""
    return _etcdctl(master, "member", "list", "--write-out", "json")


def member_remove(master: str, member_id: str) -> Words:
    """Remove a member; the others continue without it."""
    return _etcdctl(master, "member", "remove", member_id)


def _etcdctl(master: str, *words: str) -> Words:
    return kubectl(
        *("exec", "--namespace", "kube-system", f"etcd-{master}", "--"),
        *("etcdctl", *_KEYS, "--command-timeout", "20s", *words),
    )


def members(text: str) -> tuple[Member, ...]:
    """Parse member_list's output. Raises BadAnswer."""
    found = mappings_at(read_object(text, asked="etcd's members"), "members")
    return tuple(
        Member(f"{number_at(item, 'ID'):x}", text_at(item, "name"), _hosts(at(item, "peerURLs")))
        for item in found
    )


def _hosts(urls: object) -> tuple[str, ...]:
    listed = urls if isinstance(urls, list) else []
    return tuple(urlsplit(url).hostname or "" for url in listed if isinstance(url, str))
