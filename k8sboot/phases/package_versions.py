"""Chapters 2.1 and 2.2: choose from the available versions the one for every host."""

from __future__ import annotations

from k8sboot import ensure
from k8sboot.cluster import Cluster
from k8sboot.desired import kept
from k8sboot.desired.packages import PINNED, asked_for
from k8sboot.diagnosis.diagnose import PACKAGES
from k8sboot.host.host import Host
from k8sboot.host.reads import Reads, union
from k8sboot.inventory.model import Spec
from k8sboot.paths import PACKAGE_VERSIONS
from k8sboot.phase import first_master, phase
from k8sboot.templates import render


def _reads(spec: Spec) -> Reads:
    return union((PINNED, kept.reads(spec)))


@phase(on=first_master, reads=_reads, after=("preflight",), diagnosis=PACKAGES)
def package_versions(cluster: Cluster, host: Host) -> None:
    """Choose the exact versions of the container runtime and Kubernetes for every host."""
    kept.refuse_other_kubernetes(cluster, cluster.everyone)
    chosen = ensure.choose(host, *asked_for(cluster.spec).values())
    ensure.file(host, PACKAGE_VERSIONS, render("package-versions.j2", versions=chosen))
