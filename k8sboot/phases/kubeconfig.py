"""Chapter 2.4: kubectl works for root and the login user on the masters."""

from __future__ import annotations

from k8sboot import ensure
from k8sboot.cluster import Cluster
from k8sboot.desired.kubeadm import USERS
from k8sboot.host.files import File
from k8sboot.host.host import Host
from k8sboot.host.reads import Reads
from k8sboot.kubernetes.paths import ADMIN_CONF
from k8sboot.phase import masters, phase
from k8sboot.secret import Secret


@phase(
    on=masters,
    reads=Reads(files=(ADMIN_CONF, "/root/.kube/config"), questions=(USERS,)),
    after=("kubeadm-init", "join-masters"),
    needs=("kubeadm-init", "join-masters"),
)
def kubeconfig(cluster: Cluster, host: Host) -> None:
    """Give root and the login user a kubeconfig."""
    admin = host.known(host.read_file(ADMIN_CONF), what=ADMIN_CONF, after="kubeadm-init")
    for line in host.answer(USERS).text.splitlines():
        user, group, home = line.split(":", 2)
        ensure.files(host, File(f"{home}/.kube/config", Secret(admin), mode=0o600, owner=f"{user}:{group}"))
