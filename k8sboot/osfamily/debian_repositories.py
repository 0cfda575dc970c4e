"""The repositories of Debian, Ubuntu and derivatives by mirror, and where in them the packages are. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from k8sboot.inventory.model import Spec
from k8sboot.osfamily import mirrors
from k8sboot.osfamily.family import YUM_REPOSITORIES, Source

# Kubernetes up to 1.23 was never on pkgs.k8s.io; these mirrors are known to have kept it.
OLD_KUBERNETES = {
    "upstream": "https://mirrors.aliyun.com/kubernetes/apt",
    "aliyun": "https://mirrors.aliyun.com/kubernetes/apt",
    "ustc": "https://mirrors.ustc.edu.cn/kubernetes/apt",
    "tuna": "https://mirrors.aliyun.com/kubernetes/apt",
}

# Source: Docker's installation page.
DOCKER_FINGERPRINT = "9DC858229FC7DD38854AE2D88D81803C0EBFCD88"
_DOCKER_FOLDERS = ("debian", "ubuntu", "raspbian")

FLAT = "/"
"""The suite of a repository without suites."""


@dataclass(frozen=True)
class System:
    """A host, as its repositories depend on it. files: its repository files of k8sboot's, by repository."""

    os_id: str
    os_like: tuple[str, ...] = ()
    files: Mapping[str, str | None] = field(default_factory=dict)


def presets(spec: Spec, system: System) -> Mapping[str, Source]:
    """Docker's and Kubernetes' repositories, from the inventory's mirror."""
    return {"docker": _docker(spec, system), "kubernetes": _kubernetes(spec, system)}


def flattened(spec: Spec, named: Mapping[str, Source]) -> dict[str, Source]:
    """The inventory's repositories that apt has. Kubernetes' is flat from 1.24 on without a suite and components."""
    own = {name: each for name, each in named.items() if name not in YUM_REPOSITORIES}
    kubernetes = own.get("kubernetes")
    if kubernetes and mirrors.is_by_minor(spec) and not (kubernetes.suite or kubernetes.components):
        own["kubernetes"] = replace(kubernetes, suite=FLAT)
    return own


def suite_of(name: str, source: Source, codename: str) -> tuple[str, tuple[str, ...]]:
    """The suite and the components of a repository. A flat one, whose suite ends with a slash, has no components."""
    suite, components = _default_suite(name, codename)
    if source.suite.endswith("/"):
        return source.suite, ()
    return source.suite or suite, source.components or components


def _default_suite(name: str, codename: str) -> tuple[str, tuple[str, ...]]:
    """Docker names its suites after the release; the old Kubernetes repository has one suite for all."""
    if name == "kubernetes":
        return "kubernetes-xenial", ("main",)
    return codename, ("stable",)


def _docker(spec: Spec, system: System) -> Source:
    """Docker has a folder for each of some systems; derivatives use the packages of theirs."""
    mirror = mirrors.mirror_on(spec, mirrors.DOCKER, system.files.get("docker"))
    names = (system.os_id, *system.os_like)
    folder = next((each for each in names if each in _DOCKER_FOLDERS), system.os_id)
    place = f"{mirrors.DOCKER[mirror]}/linux/{folder}"
    return Source(place, (f"{place}/gpg",), frozenset({DOCKER_FINGERPRINT}))


def _kubernetes(spec: Spec, system: System) -> Source:
    """One repository for all versions in the old layout, a flat one for each minor version on pkgs.k8s.io."""
    is_by_minor = mirrors.is_by_minor(spec)
    bases = mirrors.KUBERNETES if is_by_minor else OLD_KUBERNETES
    mirror = mirrors.mirror_on(spec, bases, system.files.get("kubernetes"))
    if is_by_minor:
        return replace(mirrors.kubernetes(spec, mirror, "deb"), suite=FLAT)
    return Source(bases[mirror], (f"{bases[mirror]}/doc/apt-key.gpg",))
