"""Chapter 2.1: optionally, root of the first master may log in to all other hosts."""

from __future__ import annotations

from k8sboot import ensure
from k8sboot.cluster import Cluster
from k8sboot.host.host import Host
from k8sboot.host.reads import Reads
from k8sboot.inventory.hosts import HostSpec
from k8sboot.inventory.model import Spec
from k8sboot.phase import When, first_master, phase

SSH_DIR = "/root/.ssh"
KEY = f"{SSH_DIR}/id_ed25519"
AUTHORIZED = f"{SSH_DIR}/authorized_keys"

DISTRIBUTED = When(lambda spec: spec.os.distribute_key, otherwise="os.distributeKey is false")


def others(spec: Spec) -> tuple[HostSpec, ...]:
    """All hosts except the first master."""
    return spec.hosts[1:]


@phase(on=first_master, when=DISTRIBUTED, reads=Reads(files=(f"{KEY}.pub",)), after=("preflight",))
def root_key(cluster: Cluster, host: Host) -> None:
    """Create an SSH key for root of the first master."""
    if host.file(f"{KEY}.pub") is None:
        host.change(
            "make an SSH key for root",
            ["install", "-d", "-o", "root", "-g", "root", "-m", "0700", SSH_DIR],
            ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", f"root@{host.name}", "-f", KEY],
        )


@phase(on=others, when=DISTRIBUTED, reads=Reads(files=(AUTHORIZED,)), after=("root-key",))
def root_key_trust(cluster: Cluster, host: Host) -> None:
    """Authorize the SSH key of the first master's root on the other hosts."""
    leader = cluster.first_master
    key = leader.known(leader.read_file(f"{KEY}.pub"), what="an SSH key of root", after="root-key")
    if host.file(AUTHORIZED) is None:
        ensure.directory(host, SSH_DIR, owner="root:root", mode=0o700)
    ensure.block(host, AUTHORIZED, key, name="first-master", mode=0o600)
