"""Operating system families, found by /etc/os-release."""

from __future__ import annotations

from k8sboot.errors import Refused
from k8sboot.host.peer import Peer
from k8sboot.host.reads import union
from k8sboot.osfamily import debian_repositories, mirrors, rhel_repositories
from k8sboot.osfamily.debian import Debian
from k8sboot.osfamily.family import Family, Source, Wanted
from k8sboot.osfamily.rhel import Rhel

FAMILIES: tuple[Family, ...] = (Debian(), Rhel())
INSTALLING = union(family.installing for family in FAMILIES)
"""What a phase that installs packages reads besides them, whatever family its hosts are of."""

__all__ = ["FAMILIES", "INSTALLING", "Family", "Source", "Wanted", "of", "signing_keys"]


def signing_keys() -> dict[str, str]:
    """The fingerprints of the keys of repositories that k8sboot knows, by repository and family."""
    known = {
        "docker (debian)": debian_repositories.DOCKER_FINGERPRINT,
        "kubernetes (debian)": mirrors.FINGERPRINT,
    }
    return known | {f"{name} (rhel)": each for name, each in rhel_repositories.FINGERPRINTS.items()}


def of(host: Peer) -> Family:
    """The family of a host. Raises Refused, with the list of families, if there is none."""
    facts = host.facts
    for os_id in (facts.os_id, *facts.os_like):
        for family in FAMILIES:
            if os_id in family.ids:
                return family
    raise Refused(
        f"k8sboot does not support {facts.os_name or facts.os_id or 'this system'}",
        why=f"/etc/os-release has ID={facts.os_id!r}, ID_LIKE={' '.join(facts.os_like)!r}",
        fix="use a host of one of: " + ", ".join(i for f in FAMILIES for i in f.ids),
        host=host.name,
        code="KB-OS-UNKNOWN",
    )
