"""etcd's members, asked for and taken out with etcdctl in a master's own etcd pod.

kubeadm reset takes its member out only while the machine's Node is in the cluster, and a machine that was lost takes
out nothing. kubeadm join refuses to add a member while one that is there does not answer.
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
    """A member of etcd. id: as etcdctl takes it. name: '' of one that was added and never started.

    addresses: where other members reach it.
    """

    id: str
    name: str
    addresses: tuple[str, ...]


def member_list(master: str) -> Words:
    """Ask for the members as JSON."""
    return _etcdctl(master, "member", "list", "--write-out", "json")


def member_remove(master: str, member_id: str) -> Words:
    """Take a member out; the others go on without it."""
    return _etcdctl(master, "member", "remove", member_id)


def _etcdctl(master: str, *words: str) -> Words:
    return kubectl(
        *("exec", "--namespace", "kube-system", f"etcd-{master}", "--"),
        *("etcdctl", *_KEYS, "--command-timeout", "20s", *words),
    )


def members(text: str) -> tuple[Member, ...]:
    """Out of member_list's answer. Raises BadAnswer."""
    found = mappings_at(read_object(text, asked="etcd's members"), "members")
    return tuple(
        Member(f"{number_at(item, 'ID'):x}", text_at(item, "name"), _hosts(at(item, "peerURLs")))
        for item in found
    )


def _hosts(urls: object) -> tuple[str, ...]:
    listed = urls if isinstance(urls, list) else []
    return tuple(urlsplit(url).hostname or "" for url in listed if isinstance(url, str))
