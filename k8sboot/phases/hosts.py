"""Chapter 2.1: every host has its name and resolves the names of the others."""

from __future__ import annotations

from k8sboot import ensure
from k8sboot.cluster import Cluster
from k8sboot.host.etc_hosts import BLOCK, ETC_HOSTS
from k8sboot.host.host import Host
from k8sboot.host.reads import Reads
from k8sboot.phase import everyone, phase
from k8sboot.templates import render


@phase(on=everyone, reads=Reads(files=(ETC_HOSTS, "/etc/hostname")), after=("preflight",))
def hosts(cluster: Cluster, host: Host) -> None:
    """Set host names and /etc/hosts."""
    entries = [(h.node_address, [h.name]) for h in cluster.spec.hosts if h.node_address]
    # The file first: once a host has its new name, sudo resolves that name at every call.
    ensure.block(host, ETC_HOSTS, render("hosts.j2", entries=entries), name=BLOCK)
    ensure.hostname(host, host.name)
