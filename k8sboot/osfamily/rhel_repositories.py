"""The repositories of CentOS, RHEL and derivatives by mirror, and the ones that no longer exist. Pure."""

from __future__ import annotations

import configparser
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from k8sboot.inventory.model import Spec
from k8sboot.osfamily import mirrors
from k8sboot.osfamily.family import Source

CENTOS_7 = "7.9.2009"

# Source: centos.org/keys, Fedora's EPEL key page, Docker's installation page, pkgs.k8s.io. The keys of the old
# Kubernetes layout were changed several times and mirrors keep different sets of them: not pinned.
FINGERPRINTS = {
    "centos-7": "6341AB2753D78A78A7C27BB124C6A8A7F4A80EB5",
    "epel-7": "91E97D7C4A5E96F17F3E888F6A2FAEA2352C64E5",
    "docker": "060A61C51B558A7F742B77AAC52FEB6B621E9F35",
    "kubernetes": mirrors.FINGERPRINT,
}

CENTOS_KEY = "file:///etc/pki/rpm-gpg/RPM-GPG-KEY-CentOS-7"
"""centos-release installs it; no mirror need be queried for what the host has."""


VAULT = {
    "upstream": "https://vault.centos.org",
    "aliyun": "https://mirrors.aliyun.com/centos-vault",
    "ustc": "https://mirrors.ustc.edu.cn/centos-vault",
    "tuna": "https://mirrors.tuna.tsinghua.edu.cn/centos-vault",
}
EPEL = {
    **dict.fromkeys(("upstream", "ustc", "tuna"), "https://archives.fedoraproject.org/pub/archive/epel"),
    "aliyun": "https://mirrors.aliyun.com/epel-archive",
}
OLD_KUBERNETES = "https://mirrors.aliyun.com/kubernetes/yum"
"""The only mirror known to have kept the layout of packages.cloud.google.com, closed in 2024."""

GONE = (
    "mirrorlist.centos.org",
    "mirror.centos.org",
    "mirrors.fedoraproject.org",
    "download.fedoraproject.org",
)
"""Servers that no longer have anything for EL7 (since 2024-06-30)."""


@dataclass(frozen=True)
class System:
    """A host, as its repositories depend on it. files: its repository files of k8sboot's, by repository."""

    os_id: str
    major: str
    arch: str
    files: Mapping[str, str | None] = field(default_factory=dict)

    @property
    def is_el7(self) -> bool:
        """Whether it is CentOS 7 or a sibling of it, whose servers no longer exist."""
        return self.major == "7"


def presets(spec: Spec, system: System) -> Mapping[str, Source]:
    """The runbook's repositories for a host, by name, from the inventory's mirror."""
    found: dict[str, Source] = {}
    if system.is_el7 and system.os_id == "centos":
        found.update(_centos_7(spec, system))
    if system.is_el7:
        epel = EPEL[_mirror(spec, EPEL, system, "epel")]
        found["epel"] = Source(f"{epel}/7/{system.arch}", (f"{epel}/RPM-GPG-KEY-EPEL-7",), _pinned("epel-7"))
    found["docker"] = _docker(spec, system)
    found["kubernetes"] = _kubernetes(spec, system)
    return found


def _mirror(spec: Spec, bases: Mapping[str, str], system: System, name: str) -> str:
    return mirrors.mirror_on(spec, bases, system.files.get(name))


def _centos_7(spec: Spec, system: System) -> dict[str, Source]:
    # In the vault other architectures are outside the x86_64 tree.
    arch = system.arch
    tree = CENTOS_7 if arch == "x86_64" else f"altarch/{CENTOS_7}"
    pinned = _pinned("centos-7") if arch == "x86_64" else frozenset()
    keys = (CENTOS_KEY,) if arch == "x86_64" else (CENTOS_KEY, f"{CENTOS_KEY}-{arch}")
    parts = {"base": "os", "updates": "updates", "extras": "extras"}
    return {
        name: Source(f"{VAULT[_mirror(spec, VAULT, system, name)]}/{tree}/{part}/{arch}", keys, pinned)
        for name, part in parts.items()
    }


def _docker(spec: Spec, system: System) -> Source:
    """RHEL from 8 on has a folder of its own, without old Docker; hosts that use CentOS' one keep it."""
    place = f"{mirrors.DOCKER[_mirror(spec, mirrors.DOCKER, system, 'docker')]}/linux"
    is_old = system.is_el7 or not mirrors.is_by_minor(spec)
    folders = {"fedora": "fedora", "rhel": "centos" if is_old else "rhel"}
    folder = folders.get(system.os_id, "centos")
    if folder == "rhel" and f"{place}/centos/" in (system.files.get("docker") or ""):
        folder = "centos"
    url = f"{place}/{folder}/{system.major}/{system.arch}/stable"
    return Source(url, (f"{place}/{folder}/gpg",), _pinned("docker"))


def _kubernetes(spec: Spec, system: System) -> Source:
    """One repository for all versions in the old layout, one for each minor version on pkgs.k8s.io."""
    if mirrors.is_by_minor(spec):
        return mirrors.kubernetes(spec, _mirror(spec, mirrors.KUBERNETES, system, "kubernetes"), "rpm")
    keys = (f"{OLD_KUBERNETES}/doc/yum-key.gpg", f"{OLD_KUBERNETES}/doc/rpm-package-key.gpg")
    return Source(f"{OLD_KUBERNETES}/repos/kubernetes-el7-{system.arch}", keys)


def excluded(name: str, spec: Spec, packages: Iterable[str]) -> tuple[str, ...]:
    """The packages of a repository that only k8sboot may change. packages: the runtime's."""
    return {"docker": tuple(packages), "kubernetes": spec.cluster.release.packages_held}.get(name, ())


def retired(text: str) -> list[tuple[str, list[tuple[str, str]]]] | None:
    """A .repo file with repositories disabled whose servers no longer exist.

    None if there is nothing to disable, or if the file cannot be parsed: yum reports that better.
    """
    parser = configparser.ConfigParser(interpolation=None, strict=False)
    try:
        parser.read_string(text)
    except configparser.Error:
        return None
    dead = [name for name in parser.sections() if _is_dead(parser[name])]
    if not dead:
        return None
    sections = []
    for name in parser.sections():
        keys = [(key, value.replace("\n", " ").strip()) for key, value in parser.items(name)]
        kept = [(key, value) for key, value in keys if not (name in dead and key == "enabled")]
        sections.append((name, [*kept, ("enabled", "0")] if name in dead else kept))
    return sections


def _is_dead(section: configparser.SectionProxy) -> bool:
    sources = " ".join(section.get(key, "") for key in ("baseurl", "mirrorlist", "metalink"))
    return section.get("enabled", "1").strip() not in ("0", "no", "false") and any(g in sources for g in GONE)


def _pinned(name: str) -> frozenset[str]:
    return frozenset({FINGERPRINTS[name]})
