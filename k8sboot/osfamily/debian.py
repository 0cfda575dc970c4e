"""Debian, Ubuntu and their kin: apt and dpkg."""

from __future__ import annotations

from collections.abc import Mapping

from k8sboot.host import Command, Host, Peer
from k8sboot.inventory.model import OsSettings, Repository
from k8sboot.osfamily.family import Family, Paths
from k8sboot.osfamily.grub import Grub
from k8sboot.probe import Question
from k8sboot.templates import render
from k8sboot.writing import File

APT_GET = (
    "env", "DEBIAN_FRONTEND=noninteractive", "NEEDRESTART_MODE=a", "LC_ALL=C.UTF-8",
    "apt-get", "-o", "DPkg::Lock::Timeout=600", "-o", "Dpkg::Options::=--force-confold",
    "-o", "Acquire::Retries=3",
)  # fmt: skip

MIRRORS = {
    "upstream": ("https://download.docker.com/linux", "https://pkgs.k8s.io"),
    "aliyun": ("https://mirrors.aliyun.com/docker-ce/linux", "https://mirrors.aliyun.com/kubernetes/apt"),
    "ustc": ("https://mirrors.ustc.edu.cn/docker-ce/linux", "https://mirrors.ustc.edu.cn/kubernetes/apt"),
    "tuna": (
        "https://mirrors.tuna.tsinghua.edu.cn/docker-ce/linux",
        "https://mirrors.aliyun.com/kubernetes/apt",
    ),
}


class Debian(Family):
    """The apt family."""

    name = "debian"
    ids = ("debian", "ubuntu")
    paths = Paths(
        kubelet_environment="/etc/default/kubelet",
        chrony_configuration="/etc/chrony/chrony.conf",
        chrony_unit="chrony.service",
    )
    kernels = Grub()
    base_packages = (
        "ca-certificates", "conntrack", "curl", "ebtables", "ethtool", "gpgv", "ipset", "iptables", "ipvsadm", "jq",
        "psmisc", "socat", "wget",
    )  # fmt: skip
    repository_paths = tuple(
        f"/etc/apt/sources.list.d/k8sboot-{name}.list" for name in ("docker", "kubernetes")
    )
    lists_are_fresh = Question(
        "apt-lists-are-fresh", "find /var/lib/apt/lists -maxdepth 1 -name '*Packages*' -mmin -60 | grep -q ."
    )
    firewall_units = ("ufw.service", "firewalld.service")

    def repository_file(self, host: Peer, name: str, repository: Repository) -> File:
        """One list file a repository, its key named by signed-by."""
        suite, components = _default_suite(host, name)
        text = render(
            "apt-repository.list.j2",
            purpose=name,
            url=repository.url,
            signed_by=self.key_path(name) if repository.key else "",
            suite=repository.suite or suite,
            components=repository.components or components,
        )
        return File(f"/etc/apt/sources.list.d/k8sboot-{name}.list", text)

    def key_path(self, name: str) -> str:
        """ASCII keys may be named by signed-by since apt 1.4."""
        return f"/etc/apt/keyrings/k8sboot-{name}.asc"

    def download(self, url: str, path: str) -> Command:
        """apt's own helper: a minimal system has neither curl nor wget."""
        return ["/usr/lib/apt/apt-helper", "download-file", url, path]

    def repositories(self, host: Peer, settings: OsSettings) -> Mapping[str, Repository]:
        """Docker's and Kubernetes' repositories, and whatever else the inventory names."""
        docker, kubernetes = MIRRORS[settings.mirror]
        docker = f"{docker}/{host.facts.os_id}"
        return {
            "docker": Repository(url=docker, key=f"{docker}/gpg"),
            "kubernetes": Repository(url=kubernetes, key=f"{kubernetes}/doc/apt-key.gpg"),
            **settings.repositories,
        }

    def refresh(self, host: Host) -> None:
        """apt-get update; dpkg --configure -a first where a transaction was cut."""
        if host.broken_packages:
            host.notice(
                "KB-PACKAGES-BROKEN",
                f"half-installed, will be repaired: {', '.join(sorted(host.broken_packages))}",
            )
            host.change(
                "repair an interrupted package transaction",
                ["dpkg", "--configure", "-a"],
                [*APT_GET, "-y", "-f", "install"],
                timeout=1800,
                job=True,
            )
        host.change("read the package lists", [*APT_GET, "update", "--error-on=any"], timeout=900, job=True)

    def candidates(self, host: Host, names: tuple[str, ...]) -> Mapping[str, tuple[str, ...]]:
        """From apt-cache madison: 'name | version | source' lines, newest first."""
        found: dict[str, tuple[str, ...]] = {}
        for line in host.read(["apt-cache", "madison", *names]).splitlines():
            name, version, *_ = [part.strip() for part in line.split("|")] + ["", ""]
            if version:
                found[name] = (*found.get(name, ()), version)
        return found

    def install(self, host: Host, versions: Mapping[str, str]) -> None:
        """One apt-get install with exact versions; a held package may move because we say where to."""
        words = [f"{name}={version}" if version else name for name, version in versions.items()]
        host.change(
            f"install {' '.join(words)}",
            [*APT_GET, "install", "-y", "--no-install-recommends", "--allow-change-held-packages",
             "--allow-downgrades", *words],
            timeout=3600,
            job=True,
        )  # fmt: skip

    def hold(self, host: Host, names: tuple[str, ...]) -> None:
        """apt-mark hold."""
        host.change(f"hold {' '.join(names)}", ["apt-mark", "hold", *names])


def _default_suite(host: Peer, name: str) -> tuple[str, tuple[str, ...]]:
    """Docker names its suites after the release; Kubernetes' old repository has one for all."""
    if name == "kubernetes":
        return "kubernetes-xenial", ("main",)
    return host.facts.os_codename, ("stable",)
