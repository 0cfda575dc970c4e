"""Mirrors of packages, and the repositories that both families have: Docker's and Kubernetes'. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Literal

from k8sboot.inventory.model import Spec
from k8sboot.kubernetes.release import Release
from k8sboot.kubernetes.release_table import RELEASES
from k8sboot.osfamily.family import Source

DOCKER = {
    "upstream": "https://download.docker.com",
    "aliyun": "https://mirrors.aliyun.com/docker-ce",
    "ustc": "https://mirrors.ustc.edu.cn/docker-ce",
    "tuna": "https://mirrors.tuna.tsinghua.edu.cn/docker-ce",
}
KUBERNETES = {
    "upstream": "https://pkgs.k8s.io/core:/stable:",
    "aliyun": "https://mirrors.aliyun.com/kubernetes-new/core/stable",
    "ustc": "https://mirrors.ustc.edu.cn/kubernetes/core:/stable:",
    "tuna": "https://mirrors.tuna.tsinghua.edu.cn/kubernetes/core:/stable:",
}
"""pkgs.k8s.io, and mirrors with its layout: a repository for each minor, from 1.24 on."""
FINGERPRINT = "DE15B14486CD377B9E876E1A234654DA9A296436"
"""Of the key of pkgs.k8s.io. Source: its repositories' key files."""
_KEYS = {"deb": "Release.key", "rpm": "repodata/repomd.xml.key"}
COPIES = 4
"""Newer repositories in which a renewed copy of the key is looked for."""


def mirror_of(spec: Spec) -> str:
    """The inventory's mirror of packages."""
    return spec.os.mirror


def says_mirror(spec: Spec) -> bool:
    """Whether the inventory sets it."""
    return not spec.said.isdisjoint({"mirror", "os.mirror"})


def mirror_on(spec: Spec, bases: Mapping[str, str], lying: str | None) -> str:
    """The mirror for a repository of a host. lying: its file there, which keeps its mirror unless one is set."""
    wanted = mirror_of(spec)
    if says_mirror(spec) or not lying or bases[wanted] in lying:
        return wanted
    return next((name for name, base in bases.items() if base in lying), wanted)


def kept_mirrors(spec: Spec, sources: Mapping[str, Source]) -> tuple[str, ...]:
    """The mirrors that a host keeps for Docker's or Kubernetes' packages, where the inventory sets none."""
    if says_mirror(spec):
        return ()
    own = {name.rpartition(".")[2] for name in spec.os.repositories}
    urls = [source.url for name, source in sources.items() if name not in own]
    bases = [(name, base) for each in (DOCKER, KUBERNETES) for name, base in each.items()]
    found = dict.fromkeys(name for name, base in bases if any(url.startswith(f"{base}/") for url in urls))
    return tuple(name for name in found if name != mirror_of(spec))


def is_by_minor(spec: Spec) -> bool:
    """Whether Kubernetes has a repository for each minor."""
    return spec.cluster.release.package_repository == "pkgs.k8s.io"


def kubernetes(spec: Spec, mirror: str, form: Literal["deb", "rpm"]) -> Source:
    """The repository of the inventory's minor, in the layout of pkgs.k8s.io."""
    release, base = spec.cluster.release, KUBERNETES[mirror]
    newer = [row for row in RELEASES if row.minor > release.minor][-COPIES:]
    place = _place(base, release, form)
    return Source(
        place,
        (f"{place}/{_KEYS[form]}",),
        frozenset({FINGERPRINT}),
        offers=f"Kubernetes {release.name}, mirror {mirror}",
        key_copies=tuple(f"{_place(base, row, form)}/{_KEYS[form]}" for row in reversed(newer)),
    )


def _place(base: str, release: Release, form: str) -> str:
    return f"{base}/v{release.name}/{form}"


def is_dockers(package: str) -> bool:
    """Whether it comes from Docker's repository, and not from the system's."""
    return package == "containerd.io" or (package.startswith("docker-") and package != "docker-latest")


def settled(
    spec: Spec, preset: Mapping[str, Source], own: Mapping[str, Source], packages: Iterable[str]
) -> dict[str, Source]:
    """The repositories of a host. own: those of the inventory. packages: the runtime's.

    Docker's preset only where a package comes from it. Dates of keys count where Kubernetes has a repository for each
    minor; clusters of older releases keep theirs.
    """
    found = {**preset, **own}
    if "docker" not in own and not any(map(is_dockers, packages)):
        found.pop("docker", None)
    if "kubernetes" in own:
        found["kubernetes"] = replace(found["kubernetes"], offers=f"Kubernetes {spec.cluster.release.name}")
    return {name: replace(each, ignores_expiry=not is_by_minor(spec)) for name, each in found.items()}
