"""The repositories of CentOS, RHEL and derivatives by mirror, and the ones that no longer exist. Pure."""

from __future__ import annotations

import configparser
from collections.abc import Mapping
from dataclasses import dataclass

from k8sboot.inventory.model import Spec
from k8sboot.kubernetes.versions import KubernetesVersion
from k8sboot.osfamily.family import Source

CENTOS_7 = "7.9.2009"

# Source: centos.org/keys, Fedora's EPEL key page, Docker's installation page, pkgs.k8s.io. The keys of the old
# Kubernetes layout were changed several times and mirrors keep different sets of them: not pinned.
FINGERPRINTS = {
    "centos-7": "6341AB2753D78A78A7C27BB124C6A8A7F4A80EB5",
    "epel-7": "91E97D7C4A5E96F17F3E888F6A2FAEA2352C64E5",
    "docker": "060A61C51B558A7F742B77AAC52FEB6B621E9F35",
    "kubernetes": "DE15B14486CD377B9E876E1A234654DA9A296436",
}

CENTOS_KEY = "file:///etc/pki/rpm-gpg/RPM-GPG-KEY-CentOS-7"
"""centos-release installs it; no mirror need be queried for what the host has."""


@dataclass(frozen=True)
class Mirror:
    """Base URLs of one mirror preset."""

    vault: str
    epel: str
    docker: str
    kubernetes: str


MIRRORS = {
    "upstream": Mirror(
        vault="https://vault.centos.org",
        epel="https://archives.fedoraproject.org/pub/archive/epel",
        docker="https://download.docker.com",
        kubernetes="https://pkgs.k8s.io/core:/stable:",
    ),
    "aliyun": Mirror(
        vault="https://mirrors.aliyun.com/centos-vault",
        epel="https://mirrors.aliyun.com/epel-archive",
        docker="https://mirrors.aliyun.com/docker-ce",
        kubernetes="https://mirrors.aliyun.com/kubernetes-new/core/stable",
    ),
    "ustc": Mirror(
        vault="https://mirrors.ustc.edu.cn/centos-vault",
        epel="https://archives.fedoraproject.org/pub/archive/epel",
        docker="https://mirrors.ustc.edu.cn/docker-ce",
        kubernetes="https://mirrors.ustc.edu.cn/kubernetes/core:/stable:",
    ),
    "tuna": Mirror(
        vault="https://mirrors.tuna.tsinghua.edu.cn/centos-vault",
        epel="https://archives.fedoraproject.org/pub/archive/epel",
        docker="https://mirrors.tuna.tsinghua.edu.cn/docker-ce",
        kubernetes="https://mirrors.tuna.tsinghua.edu.cn/kubernetes/core:/stable:",
    ),
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


def presets(spec: Spec, *, os_id: str, major: str, arch: str) -> Mapping[str, Source]:
    """The runbook's repositories for a host, by name, from the inventory's mirror."""
    mirror = MIRRORS[spec.os.mirror]
    found: dict[str, Source] = {}
    if (os_id, major) == ("centos", "7"):
        found.update(_centos_7(mirror, arch))
    if major == "7":
        found["epel"] = Source(
            f"{mirror.epel}/7/{arch}", (f"{mirror.epel}/RPM-GPG-KEY-EPEL-7",), _pinned("epel-7")
        )
    system = f"{mirror.docker}/linux/{'fedora' if os_id == 'fedora' else 'centos'}"
    found["docker"] = Source(f"{system}/{major}/{arch}/stable", (f"{system}/gpg",), _pinned("docker"))
    found["kubernetes"] = kubernetes(mirror, spec.cluster.kubernetes_version, arch)
    return found


def _centos_7(mirror: Mirror, arch: str) -> dict[str, Source]:
    # In the vault other architectures are outside the x86_64 tree.
    tree = CENTOS_7 if arch == "x86_64" else f"altarch/{CENTOS_7}"
    pinned = _pinned("centos-7") if arch == "x86_64" else frozenset()
    keys = (CENTOS_KEY,) if arch == "x86_64" else (CENTOS_KEY, f"{CENTOS_KEY}-{arch}")
    parts = {"base": "os", "updates": "updates", "extras": "extras"}
    return {
        name: Source(f"{mirror.vault}/{tree}/{part}/{arch}", keys, pinned) for name, part in parts.items()
    }


def kubernetes(mirror: Mirror, version: str, arch: str) -> Source:
    """Kubernetes' repository: one for all versions in the old layout, one for each minor version on pkgs.k8s.io."""
    release = KubernetesVersion.parse(version).release
    if release.package_repository != "pkgs.k8s.io":
        keys = (f"{OLD_KUBERNETES}/doc/yum-key.gpg", f"{OLD_KUBERNETES}/doc/rpm-package-key.gpg")
        return Source(f"{OLD_KUBERNETES}/repos/kubernetes-el7-{arch}", keys)
    url = f"{mirror.kubernetes}/v{release.name}/rpm"
    return Source(url, (f"{url}/repodata/repomd.xml.key",), _pinned("kubernetes"))


def excluded(name: str, spec: Spec) -> tuple[str, ...]:
    """The packages of a repository that only k8sboot may change."""
    release = KubernetesVersion.parse(spec.cluster.kubernetes_version).release
    return {"docker": spec.runtime.packages, "kubernetes": release.packages_held}.get(name, ())


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
