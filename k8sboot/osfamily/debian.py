"""Debian, Ubuntu and derivatives: apt and dpkg."""

from __future__ import annotations

from collections.abc import Mapping

from k8sboot import paths, scripts
from k8sboot.host.files import File
from k8sboot.host.host import Host
from k8sboot.host.originals import PriorState
from k8sboot.host.peer import Command, Peer
from k8sboot.host.reads import Question, Reads
from k8sboot.host.snapshot import from_to
from k8sboot.inventory.model import Spec
from k8sboot.osfamily.apt import APT_GET, RETRIES
from k8sboot.osfamily.family import (
    YUM_REPOSITORIES,
    Family,
    Paths,
    Source,
    must_have_fresh_lists,
    named_for,
)
from k8sboot.osfamily.grub import Grub
from k8sboot.osfamily.package_lock import APT_HOLDER, wait_for
from k8sboot.templates import render

DOWNLOAD = (*APT_GET, *RETRIES)

# apt builds its caches in memory: as files, even a query would rewrite them.
IN_MEMORY = ("-o", "Dir::Cache::pkgcache=", "-o", "Dir::Cache::srcpkgcache=")

# Kubernetes up to 1.23 was never on pkgs.k8s.io; this mirror is known to have kept it.
MIRRORS = {
    "upstream": ("https://download.docker.com/linux", "https://mirrors.aliyun.com/kubernetes/apt"),
    "aliyun": ("https://mirrors.aliyun.com/docker-ce/linux", "https://mirrors.aliyun.com/kubernetes/apt"),
    "ustc": ("https://mirrors.ustc.edu.cn/docker-ce/linux", "https://mirrors.ustc.edu.cn/kubernetes/apt"),
    "tuna": (
        "https://mirrors.tuna.tsinghua.edu.cn/docker-ce/linux",
        "https://mirrors.aliyun.com/kubernetes/apt",
    ),
}

# Source: Docker's installation page.
DOCKER_FINGERPRINT = "9DC858229FC7DD38854AE2D88D81803C0EBFCD88"

# The lists have the times of the server's files, which may be days old; the directory has the time of the last read.
LISTS = "/var/lib/apt/lists"

FETCH = scripts.render("apt-fetch", TO=paths.FETCHED)


class Debian(Family):
    """The apt family."""

    name = "debian"
    ids = ("debian", "ubuntu")
    paths = Paths(
        kubelet_environment="/etc/default/kubelet",
        chrony_configuration="/etc/chrony/chrony.conf",
        chrony_unit="chrony.service",
        cron_unit="cron.service",
    )
    kernels = Grub()
    repository_names = ("docker", "kubernetes")
    base_packages = (
        "ca-certificates", "conntrack", "curl", "ebtables", "ethtool", "gpgv", "ipset", "iptables", "ipvsadm", "jq",
        "psmisc", "socat", "wget",
    )  # fmt: skip
    tools = ()
    ntpdate_packages = ("ntpdate", "cron")
    lists_are_fresh = Question(
        "apt-lists-are-fresh",
        f"ls {LISTS} | grep -q Packages && find {LISTS} -maxdepth 0 -mmin -60 | grep -q .",
    )
    firewall_units = ("ufw.service", "firewalld.service")
    reads = Reads(questions=(lists_are_fresh,))

    def repository_path(self, name: str) -> str:
        """One list file for each repository."""
        return paths.apt_repository(name)

    def repository_file(self, host: Peer, name: str, source: Source) -> File:
        """Its keys are set with signed-by, and trusted for nothing else."""
        suite, components = _default_suite(host, name)
        text = render(
            "apt-repository.list.j2",
            purpose=name,
            url=source.url,
            signed_by=",".join(self.key_path(name, index) for index in range(len(source.keys))),
            suite=source.suite or suite,
            components=source.components or components,
        )
        return File(self.repository_path(name), text)

    def retired_repositories(self, host: Peer) -> tuple[File, ...]:
        """None: Debian's archive keeps serving the names that its releases ship."""
        return ()

    def key_path(self, name: str, index: int = 0) -> str:
        """apt accepts ASCII keys in signed-by since 1.4."""
        return paths.apt_key(name, index)

    def fetch(self, host: Peer, url: str) -> Command:
        """apt-helper, to standard output."""
        return ["sh", "-c", FETCH, "fetch", url]

    def index_url(self, host: Peer, source: Source) -> str:
        """'': apt accepts only a signed Release as an index, and reports the URL of one that is not."""
        return ""

    def repositories(self, host: Peer, spec: Spec) -> Mapping[str, Source]:
        """Docker's and Kubernetes' repositories, and all others in the inventory."""
        docker, kubernetes = MIRRORS[spec.os.mirror]
        docker = f"{docker}/{host.facts.os_id}"
        named = named_for(spec.os, self.name)
        return {
            "docker": Source(docker, (f"{docker}/gpg",), frozenset({DOCKER_FINGERPRINT})),
            "kubernetes": Source(kubernetes, (f"{kubernetes}/doc/apt-key.gpg",)),
            **{name: source for name, source in named.items() if name not in YUM_REPOSITORIES},
        }

    def is_broken(self, host: Peer) -> bool:
        """Whether dpkg has half-installed packages among those that phases read."""
        return bool(host.broken_packages)

    def refresh(self, host: Host) -> None:
        """apt-get update, after dpkg --configure -a if a transaction was interrupted."""
        wait_for(host, APT_HOLDER)
        if host.broken_packages:
            host.notice(
                "KB-PACKAGES-BROKEN",
                f"half-installed packages will be repaired: {', '.join(sorted(host.broken_packages))}",
            )
            host.change(
                "repair an interrupted package transaction",
                ["dpkg", "--configure", "-a"],
                [*DOWNLOAD, "-y", "-f", "install"],
                timeout=1800,
                job=True,
            )
        host.change(
            "read the package lists",
            [*DOWNLOAD, "update", "--error-on=any"],
            ["touch", LISTS],
            timeout=900,
            job=True,
        )
        host.assume(self.lists_are_fresh)

    def candidates(self, host: Host, names: tuple[str, ...]) -> Mapping[str, tuple[str, ...]]:
        """From apt-cache madison: 'name | version | source' lines, newest first."""
        found: dict[str, tuple[str, ...]] = {}
        for line in host.read(["apt-cache", *IN_MEMORY, "madison", *names]).splitlines():
            name, version, *_ = [part.strip() for part in line.split("|")] + ["", ""]
            if version:
                found[name] = (*found.get(name, ()), version)
        return found

    def install(self, host: Host, versions: Mapping[str, str], *, diff: str) -> None:
        """One apt-get install with exact versions. A held package may change, because k8sboot sets its version."""
        wait_for(host, APT_HOLDER)
        words = [f"{name}={version}" if version else name for name, version in versions.items()]
        host.change(
            f"install {' '.join(words)}",
            *[PriorState("package", name) for name in versions if not host.package(name)],
            [*DOWNLOAD, "install", "-y", "--no-install-recommends", "--allow-change-held-packages",
             "--allow-downgrades", *words],
            diff=diff,
            timeout=3600,
            job=True,
        )  # fmt: skip

    def loose(self, host: Peer, names: tuple[str, ...]) -> tuple[str, ...]:
        """The packages that are not on hold."""
        return tuple(name for name in names if not host.package_is_held(name))

    def hold(self, host: Host, names: tuple[str, ...]) -> None:
        """apt-mark hold."""
        wait_for(host, APT_HOLDER)
        before = [PriorState("hold", name) for name in names]
        diff = "".join(from_to(name, "changes with updates", "held") for name in names)
        host.change(f"hold {' '.join(names)}", *before, ["apt-mark", "hold", *names], diff=diff)

    def release(self, host: Host, names: tuple[str, ...]) -> None:
        """apt-mark unhold."""
        wait_for(host, APT_HOLDER)
        host.change(f"release {' '.join(names)}", ["apt-mark", "unhold", *names])

    def updates(self, host: Host) -> tuple[str, ...]:
        """What a simulated upgrade would install, except held packages and the kernel's."""
        must_have_fresh_lists(self, host)
        output = host.read(
            ["apt-get", "-s", "-o", "Debug::NoLocking=true", *IN_MEMORY, "upgrade"], timeout=300
        )
        names = (line.split()[1] for line in output.splitlines() if line.startswith("Inst "))
        return tuple(
            sorted(n for n in names if not n.startswith(("linux-image", "linux-headers", "linux-modules")))
        )

    def update(self, host: Host, names: tuple[str, ...]) -> None:
        """apt-get install --only-upgrade of only these."""
        wait_for(host, APT_HOLDER)
        host.change(
            f"update {len(names)} packages: {' '.join(names)}",
            [*DOWNLOAD, "install", "-y", "--only-upgrade", *names],
            timeout=3600,
            job=True,
        )


def _default_suite(host: Peer, name: str) -> tuple[str, tuple[str, ...]]:
    """Docker names its suites after the release; the old Kubernetes repository has one suite for all."""
    if name == "kubernetes":
        return "kubernetes-xenial", ("main",)
    return host.facts.os_codename, ("stable",)
