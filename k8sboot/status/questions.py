"""What `status` asks of a host in its one probe, and of the master that answers for the cluster."""

from __future__ import annotations

import base64
import shlex
from collections.abc import Mapping
from dataclasses import dataclass

from k8sboot import runtime
from k8sboot.host.peer import Command
from k8sboot.host.reads import Question, Reads, union
from k8sboot.inventory.hosts import HostSpec
from k8sboot.inventory.model import Spec
from k8sboot.kubernetes import etcd, etcd_metrics, overview
from k8sboot.kubernetes.commands import kubectl
from k8sboot.kubernetes.paths import MANIFESTS
from k8sboot.kubernetes.rows import template
from k8sboot.membership.reading import READS as MEMBERSHIP
from k8sboot.phases.kube_proxy import MODE
from k8sboot.run import expiry
from k8sboot.scripts import render
from k8sboot.text.numbers import whole

KUBELET = "kubelet.service"
_KUBECTL = shlex.join(kubectl())
_API = f"{MANIFESTS}/kube-apiserver.yaml"
API_READY = Question("api-ready", render("api-ready", KUBECTL=_KUBECTL, MANIFEST=_API))
"""`ok` where the master's own API server is ready."""
ETCD = Question(
    "etcd-metrics",
    render("etcd-metrics", MANIFEST=f"{MANIFESTS}/etcd.yaml", NAMES="|".join(etcd_metrics.NAMES)),
)
"""The state of the master's own member of etcd."""
NAME = "cluster-status"
MOST = 8 * 1024 * 1024
"""Bytes of an answer, in base64."""


def reads(spec: Spec, host: HostSpec) -> Reads:
    """What a host is asked for."""
    own = (API_READY, ETCD) if host.role == "master" else ()
    units = (KUBELET, runtime.of(spec).unit)
    return union((MEMBERSHIP, expiry.READS, Reads(units=units, questions=(MODE, *own))))


def of_cluster(master: str) -> Command:
    """Ask for the state of the whole cluster."""
    script = render(
        "cluster-status",
        KUBECTL=_KUBECTL,
        MANIFEST=_API,
        KINDS=overview.KINDS,
        TEMPLATE=template(overview.FIELDS),
        MASTER=master,
        ETCDCTL=shlex.join(etcd.LIST),
    )
    return ("sh", "-c", script, NAME)


@dataclass(frozen=True)
class Part:
    """What one kubectl has said."""

    exit_status: int
    text: str


def parts(text: str) -> tuple[Mapping[str, Part], int]:
    """The parts by name, and the host's time in seconds since the epoch, from of_cluster's output."""
    found: dict[str, Part] = {}
    now = 0
    for line in text.split("\n"):
        verb, _, rest = line.partition(" ")
        name, _, said = rest.partition(" ")
        if verb == "now":
            now = whole(rest) or 0
        elif verb == "part" and len(said) <= MOST:
            status, _, data = said.partition(" .")
            found[name] = Part(255 if (code := whole(status)) is None else code, _decoded(data))
    return found, now


def _decoded(data: str) -> str:
    try:
        return base64.b64decode(data, validate=True).decode("utf-8", "replace")
    except ValueError:
        return ""
