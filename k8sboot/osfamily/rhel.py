"""CentOS, RHEL, Rocky, AlmaLinux, Oracle Linux and derivatives: yum (3, or dnf as `yum`) and rpm."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from k8sboot import paths
from k8sboot.errors import CommandFailed
from k8sboot.host.files import File
from k8sboot.host.host import Host
from k8sboot.host.originals import PriorState
from k8sboot.host.peer import Command, Peer
from k8sboot.host.reads import Question, Reads, union
from k8sboot.inventory.model import Spec
from k8sboot.osfamily import logins, mirrors, openpgp, rhel_tools, rpm_versions, yum, yum_transactions
from k8sboot.osfamily import rhel_repositories as places
from k8sboot.osfamily.family import (
    YUM_REPOSITORIES,
    Existing,
    Family,
    Outcome,
    Paths,
    Source,
    is_older,
    must_have_fresh_lists,
    named_for,
)
from k8sboot.osfamily.grubby import Grubby
from k8sboot.osfamily.openpgp import Certificate
from k8sboot.paths import CURL_LOGINS, ORIGINALS_DIR
from k8sboot.secret import Secret
from k8sboot.templates import render

REPOSITORIES = "/etc/yum.repos.d"
SHIPPED = tuple(
    f"{REPOSITORIES}/{name}.repo" for name in ("CentOS-Base", "CentOS-fasttrack", "epel", "epel-testing")
)
"""Files of the distribution with repositories on servers that may no longer exist."""
YUM_CONF = "/etc/yum.conf"


class Rhel(Family):
    """The yum family."""

    name = "rhel"
    ids = ("rhel", "centos", "rocky", "almalinux", "ol", "fedora")
    paths = Paths(
        kubelet_environment="/etc/sysconfig/kubelet",
        chrony_configuration="/etc/chrony.conf",
        chrony_unit="chronyd.service",
        cron_unit="crond.service",
        logins=CURL_LOGINS,
    )
    kernels = Grubby()
    repository_names = (*YUM_REPOSITORIES, "docker", "kubernetes")
    base_packages = ()
    tools = rhel_tools.ALL
    ntpdate_packages = ("ntpdate", "cronie")
    firewall_units = ("firewalld.service",)
    lists_are_fresh = Question(
        "yum-lists-are-fresh",
        "set -- /var/cache/yum /var/cache/dnf; { [ -d $1 ] || [ -d $2 ]; } &&"
        " find $* -path '*k8sboot-*' -name repomd.xml -mmin -60 | grep -q .",
        shares=True,
    )
    installing = Reads(files=yum.LOCK_FILES, questions=(yum.HEALTH, yum.DNF_HEALTH))
    reads = union(
        (installing, Reads(files=(*SHIPPED, YUM_CONF), questions=(lists_are_fresh, yum.SOURCES, yum.UNREAD)))
    )

    def tools_of(self, host: Peer, spec: Spec) -> tuple[str, ...]:
        """Under the names of the host's release; clusters of Kubernetes up to 1.23 keep those that they have."""
        return rhel_tools.tools(major(host)) if mirrors.is_by_minor(spec) else rhel_tools.EL7

    def repository_path(self, name: str) -> str:
        """One .repo file for each repository."""
        return paths.yum_repository(name)

    def logins(self, urls: Iterable[str]) -> str:
        """For curl; yum has them in its own files."""
        return logins.for_curl(urls)

    def repository_file(self, host: Peer, name: str, source: Source, *, key: str = "") -> File:
        """Packages must be signed, with keys in files that were verified before."""
        text = render(
            "yum-repository.repo.j2",
            id=f"k8sboot-{name}",
            purpose=name,
            url=source.url,
            gpgcheck=True,
            # EL7's gnupg cannot verify the signature of repomd.xml; packages are verified everywhere.
            repo_gpgcheck=False,
            keys=[f"file://{paths.rpm_key(name, index)}" for index in range(len(source.keys))],
            exclude=source.exclude,
        )
        if logins.has_login(source.url):  # which yum reads from here alone
            return File(self.repository_path(name), Secret(text), mode=0o600)
        return File(self.repository_path(name), text)

    def existing(self, host: Peer, name: str, source: Source) -> Existing | None:
        """Another file with the same id: yum would use either of them. The same URL under another id is no conflict."""
        file = yum_transactions.others(host.answer(yum.SOURCES).text).get(f"k8sboot-{name}")
        return Existing(file, is_enough=False) if file else None

    def retired_repositories(self, host: Peer) -> tuple[File, ...]:
        """On EL7: the shipped files, with repositories disabled whose servers no longer exist."""
        if major(host) != "7":
            return ()
        found = ((path, places.retired(host.read_file(path) or "")) for path in SHIPPED)
        return tuple(
            File(path, render("yum-retired.repo.j2", original=ORIGINALS_DIR + path, sections=sections))
            for path, sections in found
            if sections
        )

    def key_paths(self, name: str, index: int = 0) -> tuple[str, ...]:
        """In the directory of rpm's keys."""
        return (paths.rpm_key(name, index),)

    def key_path(self, host: Peer, name: str, index: int = 0) -> str:
        """The same on every host."""
        return paths.rpm_key(name, index)

    def key_file(self, host: Peer, name: str, index: int, keys: Sequence[Certificate]) -> File:
        """Armored: rpm imports nothing else."""
        return File(paths.rpm_key(name, index), openpgp.blocks(keys), summary=openpgp.summary(keys))

    def forget_older(self, host: Host, keys: Sequence[Certificate]) -> None:
        """rpm keeps the copy that it has imported first, and yum imports none that has the same fingerprint."""
        for key in keys:
            name = f"gpg-pubkey-{key.fingerprint[-8:].lower()}-{key.created:08x}"
            lying = host.ask(["rpm", "-q", "--qf", "%{DESCRIPTION}", name])
            if lying.exit_status == 0 and key.data not in _binary(lying.stdout):
                host.change(f"remove the old copy of the key {key.fingerprint} from rpm", ["rpm", "-e", name])

    def fetch(self, host: Peer, url: str) -> Command:
        """curl, which yum itself uses, through the inventory's proxy, or else yum's if it has one."""
        proxy = re.search(r"(?m)^proxy\s*=\s*(\S+)", host.read_file(YUM_CONF) or "")
        words = ["curl", "-fsSL", "--retry", "2", "--connect-timeout", "20", "--max-time", "60"]
        is_yums = proxy and proxy[1] != "_none_" and not host.proxies
        through = ["--proxy", proxy[1]] if proxy and is_yums else []
        login = ["--netrc-file", self.paths.logins] if logins.has_login(url) else []
        return host.downloads([*words, *login, *through, _spelled_out(host, logins.without_login(url))])

    def index_url(self, host: Peer, source: Source) -> str:
        """repomd.xml: yum 3 gives no useful error for a web page in its place."""
        return _spelled_out(host, f"{source.url.rstrip('/')}/repodata/repomd.xml")

    def repositories(self, host: Peer, spec: Spec, packages: Iterable[str]) -> Mapping[str, Source]:
        """The mirror's, overridden by the inventory's; packages to hold are excluded in them."""
        files = {name: host.read_file(self.repository_path(name)) for name in self.repository_names}
        system = places.System(host.facts.os_id, major(host), host.facts.arch, files)
        own, held = named_for(spec.os, self.name), tuple(packages)
        found = mirrors.settled(spec, places.presets(spec, system), own, held)
        return {
            name: replace(each, exclude=places.excluded(name, spec, held)) for name, each in found.items()
        }

    def is_broken(self, host: Peer) -> bool:
        """Whether rpm's database is damaged, or yum recorded a transaction but not its end."""
        return bool(yum.health(host))

    def refresh(self, host: Host) -> None:
        """yum makecache, after repairs. A repository of others that cannot be read is a notice."""
        yum.repair(host)
        yum.wait_for_lock(host)
        yum.read_lists(host)
        host.assume(self.lists_are_fresh)

    def candidates(self, host: Host, names: tuple[str, ...]) -> Mapping[str, tuple[str, ...]]:
        """From `yum list --showduplicates`."""
        yum.wait_for_lock(host)
        try:
            return rpm_versions.offered(yum.listing(host, names), host.facts.arch)
        except CommandFailed:  # the list of some repository is missing
            self.refresh(host)
        if host.planned_by(self.lists_are_fresh):
            return {}
        return rpm_versions.offered(yum.listing(host, names), host.facts.arch)

    def is_older(self, version: str, installed: str) -> bool:
        """In rpm's order; for a pattern, compare the upstream versions."""
        return is_older(version, installed, rpm_versions.compare)

    def outcome(self, host: Peer, versions: Mapping[str, str]) -> Outcome:
        """From a transaction that yum is told not to make."""
        newer, _ = self._parted(host, versions)
        return yum.outcome(host, _words(newer)) if newer else Outcome()

    def _parted(self, host: Peer, versions: Mapping[str, str]) -> tuple[dict[str, str], dict[str, str]]:
        """What is to be installed, and what is to be downgraded."""
        older = {
            name: version
            for name, version in versions.items()
            if version and host.package(name) and self.is_older(version, host.package(name))
        }
        return {name: version for name, version in versions.items() if name not in older}, older

    def install(
        self,
        host: Host,
        versions: Mapping[str, str],
        *,
        diff: str,
        removes: bool = False,
        downgrades: bool = False,
    ) -> None:
        """yum install, and yum downgrade for packages newer than required; each NAME-EPOCH:VERSION-RELEASE."""
        yum.wait_for_lock(host)
        newer, older = self._parted(host, versions)
        steps = [
            host.downloads([*yum.YUM, *yum.without_unread(host), *yum.UNLOCKED, verb, *_words(part)])
            for verb, part in (("install", newer), ("downgrade", older))
            if part
        ]
        words = _words(versions)
        before = [PriorState("package", name) for name in versions if not host.package(name)]
        host.change(f"install {' '.join(words)}", *before, *steps, diff=diff, timeout=3600, job=True)

    def loose(self, host: Peer, names: tuple[str, ...]) -> tuple[str, ...]:
        """The packages without a versionlock. Without that plugin, `exclude=` in k8sboot's files holds them."""
        return yum.unlocked(host, names)

    def hold(self, host: Host, names: tuple[str, ...]) -> None:
        """yum versionlock."""
        yum.lock(host, names)

    def release(self, host: Host, names: tuple[str, ...]) -> None:
        """Remove their lines from yum's versionlock."""
        yum.wait_for_lock(host)
        host.change(f"release {' '.join(names)}", ["yum", "-q", "versionlock", "delete", *names], timeout=300)

    def updates(self, host: Host) -> tuple[str, ...]:
        """From `yum check-update`."""
        must_have_fresh_lists(self, host)
        yum.wait_for_lock(host)
        return yum.pending_updates(host)

    def update(self, host: Host, names: tuple[str, ...]) -> None:
        """yum update of everything except the kernel; locked and excluded packages stay."""
        yum.wait_for_lock(host)
        host.change(
            f"update {len(names)} packages: {' '.join(names)}",
            host.downloads([*yum.YUM, *yum.without_unread(host), yum.NO_KERNEL, "update"]),
            timeout=3600,
            job=True,
        )


def _binary(data: bytes) -> bytes:
    """A key as rpm shows it, b'' if it is none."""
    try:
        return openpgp.keyring(openpgp.certificates(data))
    except openpgp.Malformed:
        return b""


def major(host: Peer) -> str:
    """'7' for CentOS 7.9."""
    return host.facts.os_version.partition(".")[0]


def _words(versions: Mapping[str, str]) -> list[str]:
    return [f"{name}-{version}" if version else name for name, version in versions.items()]


def _spelled_out(host: Peer, url: str) -> str:
    """A URL with yum's own variables expanded."""
    return url.replace("$basearch", host.facts.arch).replace("$releasever", major(host))
