"""Chapter 2.4: kubectl works for root and the login user on the masters."""

from __future__ import annotations

import shlex

from k8sboot import ensure
from k8sboot.cluster import Cluster
from k8sboot.desired.kubeadm import USERS
from k8sboot.desired.kubeconfigs import KEPT, OF_ROOT, Kubeconfig, admin_conf, content_of_others, kubeconfigs
from k8sboot.host.files import File
from k8sboot.host.host import Host
from k8sboot.host.reads import Reads
from k8sboot.inventory.model import Spec
from k8sboot.kubernetes.kubeconfig_file import has_same_credentials
from k8sboot.kubernetes.paths import ADMIN_CONF, SUPER_ADMIN_CONF
from k8sboot.phase import masters, phase
from k8sboot.secret import Secret


def _reads(spec: Spec) -> Reads:
    return Reads(files=(*_of_admins(spec), OF_ROOT), questions=(USERS,))


def _of_admins(spec: Spec) -> tuple[str, ...]:
    """The kubeconfigs with which anyone administers the cluster."""
    return ADMIN_CONF, *((SUPER_ADMIN_CONF,) if spec.cluster.release.has_super_admin else ())


@phase(
    on=masters,
    reads=_reads,
    after=("kubeadm-init", "join-masters"),  # and no needs: what stays is known before there is a cluster
)
def kubeconfig(cluster: Cluster, host: Host) -> None:
    """Give root and the login user a kubeconfig: admin.conf, never super-admin.conf. Others' stay."""
    _tell_open_files(cluster, host)
    text = host.read_file(ADMIN_CONF)
    found = [config for config in kubeconfigs(host, USERS) if not _is_kept(cluster, host, config.path, text)]
    admin = admin_conf(host, ADMIN_CONF)
    for config in found:
        ensure.files(host, _wanted(host, config, admin))


def _is_kept(cluster: Cluster, host: Host, path: str, admin: str | None) -> bool:
    """Leave and name a kubeconfig that is not only this cluster's: its owner would lose the others."""
    if host.is_unreadable(path):  # writing it says why
        return False
    content = content_of_others(cluster, host, path, admin)
    if content:
        text = (
            f"{path} stays as it is: k8sboot did not write it for this cluster; {content}; use"
            f" `kubectl --kubeconfig {ADMIN_CONF}`, print both merged with"
            f" `KUBECONFIG={shlex.quote(path)}:{ADMIN_CONF} kubectl config view --flatten`,"
            " or move the file away and run again"
        )
        host.notice(KEPT, text)
    return bool(content)


def _wanted(host: Host, config: Kubeconfig, admin: str) -> File:
    """admin.conf; a copy that differs from it in the namespace alone stays."""
    now = host.read_file(config.path, errors="surrogateescape")
    text = now if now and has_same_credentials(now, admin) else admin
    return File(config.path, Secret(text), mode=0o600, owner=config.owner)


def _tell_open_files(cluster: Cluster, host: Host) -> None:
    """Tell of a kubeconfig of administrators that others may read; kubeadm writes them for root alone."""
    for path in _of_admins(cluster.spec):
        state = host.file(path)
        if state and state.mode & 0o077:
            text = f"{path} has mode {state.mode:04o}: whoever reads it administers the cluster; run `chmod 600 {path}`"
            host.notice("KB-ADMIN-CONF-OPEN", text)
