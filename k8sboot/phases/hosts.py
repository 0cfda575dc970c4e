"""Chapter 2.1: every host has its name and resolves the names of the others."""

from __future__ import annotations

from k8sboot import ensure
from k8sboot.cluster import Cluster
from k8sboot.host.host import Host
from k8sboot.host.reads import Reads
from k8sboot.phase import everyone, phase
from k8sboot.templates import render

ETC_HOSTS = "/etc/hosts"


@phase(on=everyone, reads=Reads(files=(ETC_HOSTS, "/etc/hostname")), after=("preflight",))
def hosts(cluster: Cluster, host: Host) -> None:
    """Set host names and /etc/hosts."""
    entries = [(h.address, [h.name]) for h in cluster.spec.hosts]
    # The file first: once a host has its new name, sudo resolves that name at every call.
    ensure.block(host, ETC_HOSTS, render("hosts.j2", entries=entries), name="cluster")
    ensure.hostname(host, host.name)
