"""What a machine says of the cluster that it belongs to. Its output is untrusted: bounded, and of a known form."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache

from k8sboot.errors import Refused
from k8sboot.host.peer import Command, Peer
from k8sboot.host.reads import Question, Reads
from k8sboot.kubernetes.paths import (
    ADMIN_CONF,
    CA_CERT,
    CA_KEY,
    CONTROL_PLANE_MANIFESTS,
    ETCD_DATA,
    KUBELET_CLIENT,
    KUBELET_CONF,
    KUBELET_CONFIG,
    KUBELET_FLAGS,
    MANIFESTS,
    SUPER_ADMIN_CONF,
)
from k8sboot.kubernetes.pki import ca_cert_hash
from k8sboot.membership.distributions import BY_PATH, Distribution
from k8sboot.paths import CLUSTER_MARK, UNFINISHED
from k8sboot.scripts import render
from k8sboot.text.between import between

PARTS = (KUBELET_CONF, ADMIN_CONF, SUPER_ADMIN_CONF, CA_KEY, ETCD_DATA, *CONTROL_PLANE_MANIFESTS)
"""What kubeadm makes on a machine and must not lose unasked, or what shows whose the machine is."""
CONTROLLER_MANAGER = f"{MANIFESTS}/kube-controller-manager.yaml"
TEXTS = (
    *(KUBELET_CONF, CA_CERT, ADMIN_CONF, KUBELET_CLIENT, CONTROLLER_MANAGER, KUBELET_CONFIG),
    *(*KUBELET_FLAGS, CLUSTER_MARK, UNFINISHED),
)
MEMBERSHIP = Question(
    "membership",
    render(
        "membership",
        PARTS=" ".join(PARTS),
        OTHERS=" ".join(BY_PATH),
        TEXTS=" ".join(TEXTS),
        UNFINISHED=UNFINISHED,
    ),
)
READS = Reads(questions=(MEMBERSHIP,))

LONGEST_ANSWER = 1024 * 1024
"""Characters: CAs and a few lines of each file need less."""
LONGEST = 253
_BEGIN, _END = "-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----"
_NODE = b"system:node:"
_NAME = re.compile(r"[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?")
_WORD = re.compile(r"[\x21-\x7e]{1,253}")


@dataclass(frozen=True)
class Membership:
    """What was found. parts: those of PARTS that exist; older: those of them from before the mark of a kubeadm run.

    is_marked: there is a mark of a kubeadm run that did not finish. identities: the CAs that the machine trusts, as
    'SHA256:<hex>' of their public keys; several while a CA is replaced. Texts are '' where they were not found.
    admin_server: that of admin.conf; from 1.31 on kubelet on a master uses its own API server. pod_subnet and the like
    stand on masters only. mark: the identities in k8sboot's mark. other: Kubernetes of another distribution, which
    kubeadm did not set up.
    """

    parts: frozenset[str] = frozenset()
    older: frozenset[str] = frozenset()
    is_marked: bool = False
    identities: frozenset[str] = frozenset()
    server: str = ""
    admin_server: str = ""
    node_name: str = ""
    node_ip: str = ""
    cluster_name: str = ""
    pod_subnet: str = ""
    service_subnet: str = ""
    dns_domain: str = ""
    mark: frozenset[str] = frozenset()
    other: Distribution | None = None

    @property
    def has_joined(self) -> bool:
        """kubeadm init or join has finished here."""
        return KUBELET_CONF in self.parts and (not self.is_marked or self.has_void_mark)

    @property
    def has_control_plane(self) -> bool:
        """The machine runs a control plane, or part of one."""
        return any(path in self.parts for path in CONTROL_PLANE_MANIFESTS)

    @property
    def endpoints(self) -> tuple[str, ...]:
        """The API servers by which it knows its cluster; on a master only admin.conf may have the endpoint."""
        servers = (self.server, self.admin_server if self.has_control_plane else "")
        return tuple(filter(None, servers))

    @property
    def is_member(self) -> bool:
        """The machine belongs to a cluster, working or not."""
        return self.has_joined or (self.has_control_plane and not self.is_unfinished)

    @property
    def has_void_mark(self) -> bool:
        """The mark was set on a machine that was a member already."""
        return self.is_marked and KUBELET_CONF in self.older

    @property
    def is_unfinished(self) -> bool:
        """A kubeadm run did not finish, and all that is there is from it."""
        return self.is_marked and not self.older

    @property
    def remains(self) -> tuple[str, ...]:
        """What kubeadm would stumble over: older than an unfinished kubeadm run, or etcd's data and no cluster."""
        if self.is_marked:
            return () if self.has_void_mark else tuple(sorted(self.older))
        return () if self.is_member else tuple(self.parts & {ETCD_DATA})

    @property
    def identity(self) -> str:
        """The CA to name the cluster by, '' if it is not known."""
        return min(self.identities, default="")


def membership_of(host: Peer) -> Membership:
    """What the host says. Raises Refused where its answer is not complete."""
    text = host.answer(MEMBERSHIP).text
    if len(text) > LONGEST_ANSWER or text.rstrip().rpartition("\n")[2] != "end":
        raise Refused(
            "cannot tell which cluster the machine belongs to",
            why="its answer is too long" if len(text) > LONGEST_ANSWER else "its answer is not complete",
            fix=f"check that awk works on {host.name}, then run again; nothing was changed",
            host=host.name,
            code="KB-MEMBERSHIP",
        )
    return parse(text)


def begun() -> Command:
    """The command that marks a kubeadm run as begun; it fails on a member of a cluster."""
    script = render("unfinished", PARTS=" ".join(PARTS), UNFINISHED=UNFINISHED, KUBELET_CONF=KUBELET_CONF)
    return ["/bin/sh", "-c", script]


def marked_as_member(cluster: str) -> Command:
    """The command that marks the machine as a member of the cluster of that name, whose CA it has."""
    return ["/bin/sh", "-c", render("member", MARK=CLUSTER_MARK, CLUSTER=cluster, CA=CA_CERT)]


@lru_cache(maxsize=512)
def parse(text: str) -> Membership:
    """The script's output. Unknown and invalid lines are ignored."""
    said = [line.partition(" ") for line in text.split("\n")]
    texts: dict[str, list[str]] = {path: [] for path in TEXTS}
    for verb, _, rest in said:
        path, _, line = rest.partition(" ")
        if verb == "text" and path in texts:
            texts[path].append(line)
    there = {rest for verb, _, rest in said if verb in ("there", "older") and rest in PARTS}
    is_marked = any(verb == "unfinished" for verb, _, _ in said)
    older = {rest for verb, _, rest in said if verb == "older" and rest in there} if is_marked else set()
    absent = set(_values(texts[UNFINISHED], "absent"))
    if absent:  # an empty mark is from an earlier k8sboot, and only its time counts
        older |= there - absent
    return Membership(
        parts=frozenset(there),
        older=frozenset(older),
        is_marked=is_marked,
        identities=_identities(texts),
        server=_first(_values(texts[KUBELET_CONF], "server")),
        admin_server=_first(_values(texts[ADMIN_CONF], "server")),
        node_name=_node_name(texts),
        node_ip=_node_ip(texts),
        cluster_name=_flag(texts, "cluster-name") or _first(_values(texts[CLUSTER_MARK], "cluster")),
        pod_subnet=_flag(texts, "cluster-cidr"),
        service_subnet=_flag(texts, "service-cluster-ip-range"),
        dns_domain=_first(_values(texts[KUBELET_CONFIG], "clusterDomain")),
        mark=_identities_in("\n".join(texts[CLUSTER_MARK])),
        other=next((BY_PATH[rest] for verb, _, rest in said if verb == "other" and rest in BY_PATH), None),
    )


def _identities(texts: dict[str, list[str]]) -> frozenset[str]:
    """Those that kubelet trusts; where that cannot be read, those of the CA's file or of the admin's kubeconfig."""
    return (
        _embedded(texts[KUBELET_CONF])
        or _identities_in("\n".join(texts[CA_CERT]))
        or _embedded(texts[ADMIN_CONF])
    )


def _embedded(lines: list[str]) -> frozenset[str]:
    found = (_decoded(data) for data in _values(lines, "certificate-authority-data", longest=20_000))
    return _identities_in("\n".join(data.decode("ascii", "replace") for data in found))


def _identities_in(text: str) -> frozenset[str]:
    found = set()
    for certificate in _certificates(text):
        with suppress(Refused):
            found.add("SHA256:" + ca_cert_hash(certificate).partition(":")[2])
    return frozenset(found)


def _certificates(text: str) -> Iterator[str]:
    return (f"{_BEGIN}{inner}{_END}" for inner in between(text, _BEGIN, _END))


def _node_name(texts: dict[str, list[str]]) -> str:
    """From the subject of kubelet's client certificate; else the user in its kubeconfig."""
    certificates = [*_certificates("\n".join(texts[KUBELET_CLIENT]))]
    certificates += [
        _decoded(data).decode("ascii", "replace")
        for data in _values(texts[KUBELET_CONF], "client-certificate-data", longest=20_000)
    ]
    names = [name for pem in certificates if (name := _subject(pem))]
    names += [user.removeprefix("system:node:") for user in _values(texts[KUBELET_CONF], "name")]
    return next((name for name in names if _NAME.fullmatch(name)), "")


def _subject(pem: str) -> str:
    """The node's name in a certificate: the text `system:node:NAME`, whose length stands before it."""
    der = _decoded("".join(line for line in pem.splitlines() if not line.startswith("-----")))
    at = der.find(_NODE)
    return der[at + len(_NODE) : at + der[at - 1]].decode("ascii", "replace") if at > 0 else ""


def _node_ip(texts: dict[str, list[str]]) -> str:
    found = [line.partition("=")[2].strip("\"'") for path in KUBELET_FLAGS for line in texts[path]]
    return _first(reversed([value for value in found if _WORD.fullmatch(value)]))


def _flag(texts: dict[str, list[str]], name: str) -> str:
    lines = (line.strip().removeprefix("- ") for line in texts[CONTROLLER_MANAGER])
    return _first(line.partition("=")[2] for line in lines if line.startswith(f"--{name}="))


def _values(lines: Iterable[str], key: str, *, longest: int = LONGEST) -> Iterator[str]:
    """The values of a key in lines of YAML, in a form that is one printable word."""
    for line in lines:
        name, _, value = line.strip(" -").partition(": ")
        value = value.strip().strip("\"'")
        if name == key and len(value) <= longest and value.isascii() and value.isprintable():
            yield value


def _first(values: Iterable[str]) -> str:
    return next((value for value in values if _WORD.fullmatch(value)), "")


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return b""
