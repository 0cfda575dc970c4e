"""Chapter 2.1: every host has its name and resolves the names of the others."""

from __future__ import annotations

from k8sboot import ensure
from k8sboot.cluster import Cluster
from k8sboot.ensure.next_boot import NEXT_BOOT
from k8sboot.errors import Refused
from k8sboot.host import etc_hosts
from k8sboot.host.etc_hosts import BLOCK, ETC_HOSTS
from k8sboot.host.host import Host
from k8sboot.host.reads import Reads
from k8sboot.kubernetes.config import split_endpoint
from k8sboot.phase import everyone, phase
from k8sboot.templates import render

READS = Reads(files=(ETC_HOSTS, "/etc/hostname"), questions=(NEXT_BOOT,))


@phase(on=everyone, reads=READS, after=("preflight",))
def hosts(cluster: Cluster, host: Host) -> None:
    """Set host names and /etc/hosts."""
    entries = [(h.node_address, [h.name]) for h in cluster.spec.hosts if h.node_address]
    now = host.read_file(ETC_HOSTS) or ""
    _first_lines(cluster, host, now)
    # The file first: once a host has its new name, sudo resolves that name at every call.
    ensure.block(host, ETC_HOSTS, render("hosts.j2", entries=[*_localhost(now), *entries]), name=BLOCK)
    ensure.hostname(host, host.name)
    ensure.cloud_init_stays_out(host, host.name)


def _localhost(now: str) -> list[tuple[str, list[str]]]:
    """The line for localhost, which kubeadm looks up, where the rest of the file has none."""
    has_one = any("localhost" in names for _, _, names, is_ours in etc_hosts.entries(now) if not is_ours)
    return [] if has_one else [("127.0.0.1", ["localhost"])]


def _first_lines(cluster: Cluster, host: Host, now: str) -> None:
    """Tell lines that stand before k8sboot's block and win; Refused where it is the API server's name."""
    endpoint = split_endpoint(cluster.spec.cluster.control_plane_endpoint)[0]
    wanted = {h.name: h.node_address for h in cluster.spec.hosts if h.node_address}
    for number, address, name in etc_hosts.overriding(now, wanted, own=host.name):
        line = f"line {number} of {ETC_HOSTS}, which is before k8sboot's, maps {name} to {address}, not {wanted[name]}"
        if name == endpoint:
            raise Refused(
                line,
                why="it is the host of controlPlaneEndpoint: kubelet would look for the API server there",
                fix=f"remove {name} from that line, then run again",
                host=host.name,
                code="KB-HOSTS-LINE",
            )
        host.notice("KB-HOSTS-LINE", f"{line}: remove {name} from it")
