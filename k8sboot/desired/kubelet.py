"""kubelet's environment on a host: an operator's flags stay, and k8sboot's are added."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from k8sboot import osfamily
from k8sboot.cluster import Cluster
from k8sboot.desired.resolver import kubelet_resolver
from k8sboot.errors import Refused
from k8sboot.host.files import File
from k8sboot.host.peer import Peer
from k8sboot.host.shared_file import SharedFile, original_of, records, shared_file
from k8sboot.host.unread_settings import unread_settings
from k8sboot.inventory.hosts import HostSpec
from k8sboot.kubernetes.kubelet_flags import (
    KubeletFlag,
    flag,
    kubelet_flags,
    other_variables,
    with_flags,
    without_flags,
)
from k8sboot.kubernetes.releases import flag_gone_in
from k8sboot.templates import render

UNIT = "kubelet.service"
ENVIRONMENTS = tuple(path for f in osfamily.FAMILIES for path in records(f.paths.kubelet_environment))
"""What kubelet_environment reads, on hosts of any family."""
UNREAD = unread_settings(
    {
        UNIT: (
            *(f.paths.kubelet_environment for f in osfamily.FAMILIES),
            "/var/lib/kubelet/config.yaml",
            "/var/lib/kubelet/kubeadm-flags.env",
        )
    }
)
"""Which of kubelet's files were edited since it started."""


@dataclass(frozen=True)
class _Flags:
    """now: in the file. part: of these, what k8sboot added. ours: what it wants there."""

    now: tuple[KubeletFlag, ...]
    part: tuple[KubeletFlag, ...]
    ours: tuple[KubeletFlag, ...]

    @property
    def theirs(self) -> tuple[KubeletFlag, ...]:
        """The operator's; one that k8sboot wrote and another changed is k8sboot's again."""
        repaired = {each.name for each in self.part} & {each.name for each in self.ours}
        return tuple(each for each in without_flags(self.now, self.part) if each.name not in repaired)


def kubelet_environment(cluster: Cluster, host: Peer) -> File:
    """The file as it has to be. Refused if an operator's flag contradicts the inventory.

    A file that needs nothing keeps its bytes, and one with an operator's settings its mode and owner.
    """
    there = shared_file(host, osfamily.of(host).paths.kubelet_environment)
    spec = next(each for each in cluster.spec.hosts if each.name == host.name)
    text = _text(there)
    now = _parsed(host, there.path, text)
    flags = _Flags(now, _known(there.ours), _ours(cluster, host, spec, now))
    _refuse(host, there.path, [*_conflicts(host, spec, flags), *_gone(cluster, flags)])
    added = without_flags(flags.ours, flags.theirs)
    is_shared = (
        flags.theirs or other_variables(text) - other_variables(there.ours or "") or there.part is not None
    )
    if not is_shared:
        return File(there.path, render("kubelet.env.j2", arguments=_words(added)), restarts=(UNIT,))
    wanted = (*flags.theirs, *added)
    if {(f.name, f.value) for f in wanted} != {(f.name, f.value) for f in flags.now}:
        text = with_flags(text, _assignment(wanted))
    mode, owner = (there.state.mode, there.state.owner) if there.state else (0o644, "root:root")
    part = _assignment(added)
    is_edited = there.written is not None and text != there.text and _is_more(host, there.path, text, flags)
    return File(there.path, text, mode=mode, owner=owner, restarts=(UNIT,), part=part, is_edited=is_edited)


def _is_more(host: Peer, path: str, text: str, flags: _Flags) -> bool:
    """Whether an operator has set more than the original has."""
    original = original_of(host, path)
    has_more_flags = without_flags(flags.theirs, _known(original)) != ()
    return has_more_flags or not other_variables(text) <= other_variables(original)


def _ours(
    cluster: Cluster, host: Peer, spec: HostSpec, now: tuple[KubeletFlag, ...]
) -> tuple[KubeletFlag, ...]:
    extra = (flag(name, value) for name, value in spec.kubelet_extra_args.items())
    has_now = next((each.value or "" for each in now if each.name == "resolv-conf"), "")
    is_said = "resolv-conf" in spec.kubelet_extra_args
    path = "" if is_said else kubelet_resolver(cluster, host, now=has_now)
    return flag("node-ip", host.node_address), *([flag("resolv-conf", path)] if path else []), *extra


def _text(there: SharedFile) -> str:
    """The file's text; of one of k8sboot's that is missing or damaged, what k8sboot wrote last."""
    text = there.text or ""
    if there.written is not None and not _known(text):
        return there.written
    return text


def _parsed(host: Peer, path: str, text: str) -> tuple[KubeletFlag, ...]:
    try:
        return kubelet_flags(text) or ()
    except ValueError as error:
        raise _refusal(host, path, f"KUBELET_EXTRA_ARGS cannot be read: {error}") from None


def _known(text: str | None) -> tuple[KubeletFlag, ...]:
    try:
        return kubelet_flags(text or "") or ()
    except ValueError:
        return ()


def _conflicts(host: Peer, spec: HostSpec, flags: _Flags) -> Iterator[str]:
    """What the operator wrote against what the inventory or Kubernetes needs."""
    needed = {"cgroup-driver": "systemd", "hostname-override": host.name}
    wanted = {**needed, **{each.name: each.value for each in flags.ours}}
    for each in flags.theirs:
        if each.name in wanted and each.value != wanted[each.name]:
            yield f"`{' '.join(each.words)}` is there, `--{each.name}={wanted[each.name]}` is required"
        if each.name == "node-labels":
            yield from _of_labels(each, spec)


def _gone(cluster: Cluster, flags: _Flags) -> Iterator[str]:
    """Flags of the operator with which this release's kubelet does not start."""
    for each in flags.theirs:
        if each.name in cluster.spec.cluster.release.kubelet_flags_gone:
            since = flag_gone_in(each.name)
            yield f"`{' '.join(each.words)}` is there, with which kubelet does not start since {since}: remove it"


def _of_labels(theirs: KubeletFlag, spec: HostSpec) -> Iterator[str]:
    for label in (theirs.value or "").split(","):
        key, _, value = label.partition("=")
        if spec.labels.get(key, value) != value:
            yield f"`--node-labels={label}` is there, `labels: {{{key}: {spec.labels[key]}}}` in the inventory"


def _refuse(host: Peer, path: str, found: Sequence[str]) -> None:
    if found:
        raise _refusal(host, path, "; ".join(found))


def _refusal(host: Peer, path: str, why: str) -> Refused:
    return Refused(
        f"kubelet's flags in {path} contradict the inventory",
        why=why,
        fix=f"change {path} on {host.name}, or the inventory, then run again: the run restarts kubelet; nothing was "
        "changed",
        host=host.name,
        code="KB-KUBELET-CONFLICT",
    )


def _assignment(flags: Sequence[KubeletFlag]) -> str:
    return render("kubelet.env.j2", arguments=_words(flags)).splitlines()[-1] + "\n"


def _words(flags: Sequence[KubeletFlag]) -> list[str]:
    return [word for each in flags for word in each.words]
