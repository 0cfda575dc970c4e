"""The kubeconfigs of root and the login user, and which of them k8sboot may replace or remove."""

from __future__ import annotations

from dataclasses import dataclass

from k8sboot.cluster import Cluster
from k8sboot.host.files import ours_path
from k8sboot.host.peer import Peer
from k8sboot.host.reads import Question
from k8sboot.host.snapshot import FileState
from k8sboot.kubernetes.kubeconfig_file import Access, access_by, access_in, is_only_for, summary
from k8sboot.membership.wanted import Wanted

OF_ROOT = "/root/.kube/config"
KEPT = "KB-KUBECONFIG-KEPT"


@dataclass(frozen=True)
class Kubeconfig:
    """A user's kubeconfig. owner: 'user:group'."""

    path: str
    owner: str


def kubeconfigs(host: Peer, users: Question) -> tuple[Kubeconfig, ...]:
    """Those of the users in the question's answer, whether they exist or not."""
    lines = (line.split(":", 2) for line in host.answer(users).text.splitlines())
    return tuple(Kubeconfig(f"{home}/.kube/config", f"{user}:{group}") for user, group, home in lines)


def admin_conf(host: Peer, path: str) -> str:
    """The content of admin.conf. NotYet in a dry run that plans what makes it, Refused if there is none."""
    host.relies_on("kubeadm-init", "join-masters")
    return host.known(host.read_file(path), what=path, after="kubeadm-init")


def content_of_others(cluster: Cluster, host: Peer, path: str, admin: str | None) -> str:
    """What a kubeconfig holds, for a message, if k8sboot may not replace it; '' if it may, or there is none.

    It may replace what it wrote, by its own record, and on a master what holds nothing but the cluster's own access.
    admin: the content of admin.conf, None if there is none.
    """
    state = host.file(path)
    if state is None or (admin is not None and state.content == admin.encode()):
        return ""
    if state.content is None:
        return "" if _is_recorded(host, path, state) else "it is larger than 64 KiB"
    text = state.content.decode("utf-8", "replace")
    if host.role == "master" and _holds_no_more(text, access_in(admin or "") or _access(cluster)):
        return ""
    return "" if _is_recorded(host, path, state) else summary(text)


def _holds_no_more(text: str, wanted: Access) -> bool:
    return not text.strip() or is_only_for(text, wanted)


def _access(cluster: Cluster) -> Access:
    """As the inventory says it, before there is an admin.conf or after it is gone."""
    wanted = Wanted.by(cluster.spec)
    return access_by(wanted.name, {wanted.endpoint, *wanted.endpoints})


def _is_recorded(host: Peer, path: str, state: FileState) -> bool:
    """Whether k8sboot has written exactly these bytes there."""
    return state.sha256 in (host.read_file(ours_path(path)) or "").split()
