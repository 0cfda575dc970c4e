"""Questions to the table of releases: what k8sboot knows of a minor version of Kubernetes, and what fits it."""

from __future__ import annotations

from datetime import date

from k8sboot.kubernetes.release import Release
from k8sboot.kubernetes.release_table import RELEASES

OLDEST, NEWEST = RELEASES[0], RELEASES[-1]
IPVS_ENDS = "Kubernetes 1.40, due in August 2027, turns it off, and 1.43, due in August 2028, removes it"
"""Source: KEP-5495; three releases a year."""
_CALICO = {**dict.fromkeys(("v3.20", "v3.21", "v3.23"), "v3.25.2"), "v3.33": "v3.33.0"}
"""Of a series in the table, what k8sboot installs: with 1.19 to 1.21 what it always was."""


def is_known(minor: int) -> bool:
    """Whether the table has this minor."""
    return OLDEST.minor <= minor <= NEWEST.minor


def nearest(minor: int) -> Release:
    """The row of a minor; for one that is not in the table, the oldest or the newest row."""
    return RELEASES[min(max(minor, OLDEST.minor), NEWEST.minor) - OLDEST.minor]


def newest_with_dockershim() -> Release:
    """The newest release that works with Docker itself."""
    return [row for row in RELEASES if row.has_dockershim][-1]


def newest_for(kernel: tuple[int, ...], *, has_cgroup_v1: bool) -> Release | None:
    """The newest release whose kubeadm and kubelet accept such a host; None if there is none."""
    fits = [
        row
        for row in RELEASES
        if (row.kernels.accept(kernel) or not row.kernels.is_required)
        and not (has_cgroup_v1 and row.cgroup_v1 == "refused")
    ]
    return fits[-1] if fits else None


def gate_gone_in(gate: str) -> str:
    """The first release whose kubeadm refuses this feature gate, as in 1.26; '' if none does."""
    return next((row.name for row in RELEASES if gate in row.feature_gates_gone), "")


def flag_gone_in(flag: str) -> str:
    """The first release whose kubelet does not start with this flag, as in 1.24; '' if none does."""
    return next((row.name for row in RELEASES if flag in row.kubelet_flags_gone), "")


def calico_default(release: Release) -> str:
    """The version of Calico that k8sboot installs with this release unless another one is set."""
    return _CALICO.get(release.calico, release.calico)


def living(today: date) -> tuple[Release, ...]:
    """The releases that get fixes on that day."""
    return tuple(row for row in RELEASES if date.fromisoformat(row.ends) >= today)


def docker_misfit(release: Release) -> str:
    """Why this release cannot use Docker; '' if it can."""
    if release.has_dockershim:
        return ""
    return f"dockershim was removed in 1.{newest_with_dockershim().minor + 1}"


def containerd_misfit(release: Release, version: str) -> str:
    """Why this release cannot use that version of containerd, e.g. 1.6.33; '' if it can."""
    found = _numbers(version)
    is_older = bool(release.containerd_since) and found < _numbers(release.containerd_since)
    is_newer = bool(release.containerd_before) and found >= _numbers(release.containerd_before)
    if not is_older and not is_newer:
        return ""
    cri = " and ".join(release.cri)
    return f"kubelet {release.name} speaks CRI {cri}: it needs {containerd_needed(release)}, not {version}"


def containerd_needed(release: Release) -> str:
    """The versions of containerd that fit, in words."""
    since = f" {release.containerd_since} or later" if release.containerd_since else ""
    before = f" older than {release.containerd_before}" if release.containerd_before else ""
    return f"containerd{since}{before}"


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))
