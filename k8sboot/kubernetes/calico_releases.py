"""The table of Calico's releases, and the minor versions of Kubernetes that they were tested with: data."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Calico:
    """A minor version of Calico. tested: the oldest and the newest minor of Kubernetes that it was tested with.

    kernel: the oldest that its documentation asks for. registry: of its images.
    """

    tested: tuple[int, int]
    kernel: tuple[int, int] | None = None
    registry: str = "docker.io"


# Source: tigera/docs of each version, "tested Kubernetes versions" and "kernel"; up to 3.24 the archived documentation.
# 3.25 was tested with 1.22 by its own documentation, and with 1.23 to 1.28 by later ones.
CALICO = {
    18: Calico((18, 20)),
    19: Calico((19, 21)),
    20: Calico((19, 21)),
    21: Calico((20, 22)),
    22: Calico((21, 23)),
    23: Calico((21, 23)),
    24: Calico((22, 25), (3, 10)),
    25: Calico((22, 28), (3, 10)),
    26: Calico((24, 28), (3, 10)),
    27: Calico((27, 29), (3, 10)),
    28: Calico((27, 30), (3, 10)),
    29: Calico((29, 32), (5, 10)),
    30: Calico((31, 35), (5, 10)),
    31: Calico((32, 35), (5, 10), "quay.io"),
    32: Calico((34, 36), (5, 10), "quay.io"),
    33: Calico((35, 37), (5, 10), "quay.io"),
}
"""By the minor version of Calico 3."""


OLDEST, NEWEST = min(CALICO), max(CALICO)


def kubernetes_for(minor: int) -> tuple[int, int | None] | None:
    """The minors of Kubernetes that a minor version of Calico 3 was tested with.

    None for one older than the table; its newest is None for one newer than the table.
    """
    if minor < OLDEST:
        return None
    return CALICO[minor].tested if minor <= NEWEST else (CALICO[NEWEST].tested[0], None)


def calico_for(kubernetes: int) -> int | None:
    """The newest minor version of Calico 3 that was tested with this minor of Kubernetes."""
    fitting = [minor for minor, each in CALICO.items() if each.tested[0] <= kubernetes <= each.tested[1]]
    return max(fitting, default=None)
