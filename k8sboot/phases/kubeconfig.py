"""Chapter 2.4: kubectl works for root and the login user on the masters."""

from __future__ import annotations

from k8sboot import ensure
from k8sboot.cluster import Cluster
from k8sboot.desired.kubeadm import USERS
from k8sboot.host.files import File
from k8sboot.host.host import Host
from k8sboot.host.reads import Reads
from k8sboot.inventory.model import Spec
from k8sboot.kubernetes.paths import ADMIN_CONF, SUPER_ADMIN_CONF
from k8sboot.kubernetes.versions import KubernetesVersion
from k8sboot.phase import masters, phase
from k8sboot.secret import Secret


def _reads(spec: Spec) -> Reads:
    return Reads(files=(*_of_admins(spec), "/root/.kube/config"), questions=(USERS,))


def _of_admins(spec: Spec) -> tuple[str, ...]:
    """The kubeconfigs with which anyone administers the cluster."""
    release = KubernetesVersion.parse(spec.cluster.kubernetes_version).release
    return ADMIN_CONF, *((SUPER_ADMIN_CONF,) if release.has_super_admin else ())


@phase(
    on=masters,
    reads=_reads,
    after=("kubeadm-init", "join-masters"),
    needs=("kubeadm-init", "join-masters"),
)
def kubeconfig(cluster: Cluster, host: Host) -> None:
    """Give root and the login user a kubeconfig: admin.conf, never super-admin.conf."""
    _tell_open_files(cluster, host)
    admin = host.known(host.read_file(ADMIN_CONF), what=ADMIN_CONF, after="kubeadm-init")
    for line in host.answer(USERS).text.splitlines():
        user, group, home = line.split(":", 2)
        ensure.files(host, File(f"{home}/.kube/config", Secret(admin), mode=0o600, owner=f"{user}:{group}"))


def _tell_open_files(cluster: Cluster, host: Host) -> None:
    """Tell of a kubeconfig of administrators that others may read; kubeadm writes them for root alone."""
    for path in _of_admins(cluster.spec):
        state = host.file(path)
        if state and state.mode & 0o077:
            text = f"{path} has mode {state.mode:04o}: whoever reads it administers the cluster; run `chmod 600 {path}`"
            host.notice("KB-ADMIN-CONF-OPEN", text)
