"""SELinux's mode: as strict as Kubernetes can work with at most, and restored."""

from __future__ import annotations

import re

from k8sboot.host.files import File
from k8sboot.host.host import Host
from k8sboot.host.originals import PriorState
from k8sboot.host.snapshot import from_to

CONFIG = "/etc/selinux/config"
_MODE = re.compile(
    r"(?m)^([ \t]*SELINUX[ \t]*=[ \t]*)(enforcing|permissive|disabled)([ \t]*)$", re.IGNORECASE
)
_LAXITY = ("enforcing", "permissive", "disabled")


def selinux(host: Host, mode: str) -> None:
    """Make SELinux at most as strict as mode ('permissive' or 'disabled'), now and at the next boot.

    A more permissive mode stays. Only a boot disables SELinux; until then it is permissive.
    """
    text = host.read_file(CONFIG, errors="surrogateescape")
    if text is not None and (wanted := with_mode(text, mode)) != text:
        state = host.file(CONFIG)
        file_mode, owner = (state.mode, state.owner) if state else (0o644, "root:root")
        host.write([File(CONFIG, wanted, mode=file_mode, owner=owner)])
    if host.facts.selinux == "Enforcing":
        host.change(
            "set SELinux to permissive",
            PriorState("selinux", "mode", aim="Permissive"),
            ["setenforce", "0"],
            diff=from_to("SELinux", "enforcing", "permissive"),
            check=lambda: "" if host.facts.selinux != "Enforcing" else "SELinux is still enforcing",
        )


def with_mode(text: str, mode: str) -> str:
    """An /etc/selinux/config whose SELINUX= is at most as strict as mode; everything else unchanged."""

    def laxer(found: re.Match[str]) -> str:
        is_stricter = _LAXITY.index(found[2].lower()) < _LAXITY.index(mode)
        return f"{found[1]}{mode}" if is_stricter else found[0]

    return _MODE.sub(laxer, text)


def with_prior_mode(text: str, *, original: str, ours: str) -> str:
    """An /etc/selinux/config with the original's SELINUX= in place of k8sboot's; everything else unchanged.

    ours: the file as k8sboot wrote it; if that is not known, any mode more permissive than the original counts as such.
    """
    prior, written = _MODE.search(original), _MODE.search(ours)
    if not prior:
        return text
    mode = prior[2]

    def prior_mode(found: re.Match[str]) -> str:
        is_ours = found[2] == written[2] if written else _is_laxer(found[2], mode)
        return f"{found[1]}{mode}{found[3]}" if is_ours else found[0]

    return _MODE.sub(prior_mode, text)


def _is_laxer(one: str, other: str) -> bool:
    return _LAXITY.index(one.lower()) > _LAXITY.index(other.lower())
