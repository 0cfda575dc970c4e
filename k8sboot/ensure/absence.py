"""The error about packages that no repository has: where they should be, and what is there instead."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from k8sboot import osfamily
from k8sboot.errors import Refused
from k8sboot.host.host import Host
from k8sboot.osfamily import Wanted
from k8sboot.osfamily.family import upstream
from k8sboot.osfamily.logins import without_login


def absence(
    host: Host, absent: Sequence[Wanted], missing: Sequence[str], versions: Mapping[str, tuple[str, ...]]
) -> Refused:
    """Refused about these packages. missing: in words. versions: all that are available."""
    whys, fix = [], "check os.repositories, runtime and cluster.kubernetesVersion in the inventory"
    is_chosen = any(w.version.startswith("==") for w in absent)
    if is_chosen:
        whys.append("every host gets the version that the first master selected")
    first = next((w for w in absent if w.repository), None)
    if first and (url := _url_of(host, first.repository)):
        newest = _newest_patch(versions.get(first.name, ()), first.version)
        whys.append(_found(url, first, newest))
        if newest and not is_chosen:
            fix = (
                f"set `cluster.kubernetesVersion: v{newest}`, or a mirror that has {first.version.lstrip('=')} in "
                "mirror or os.repositories; then run again"
            )
    return Refused(
        f"the repositories do not have {'; '.join(missing)}",
        why="; ".join(whys),
        fix=fix,
        host=host.name,
        code="KB-PACKAGE-MISSING",
    )


def _found(url: str, wanted: Wanted, newest: str) -> str:
    """What the repository has of the minor that is asked for."""
    if not wanted.version:
        return f"{url} has no {wanted.name}"
    minor = _minor(upstream(wanted.version.lstrip("=")))
    if newest:
        return f"{url} has {wanted.name} {minor} up to {newest}"
    return f"{url} has no {wanted.name} of {minor}"


def _newest_patch(versions: Sequence[str], wanted: str) -> str:
    """The first of these versions, newest first, with the same minor; '' if there is none."""
    minor = _minor(upstream(wanted.lstrip("=")))
    return next((v for v in map(upstream, versions) if wanted and _minor(v) == minor), "")


def _minor(version: str) -> str:
    return ".".join(version.split(".")[:2])


def _url_of(host: Host, repository: str) -> str:
    """From k8sboot's file on the host, '' if there is none."""
    text = host.read_file(osfamily.of(host).repository_path(repository)) or ""
    lines = [line for line in text.splitlines() if line.startswith(("deb ", "baseurl="))]
    words = [word.removeprefix("baseurl=") for line in lines for word in line.split()]
    return next((without_login(word) for word in words if "://" in word), "")
