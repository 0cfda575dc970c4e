"""Debian, Ubuntu and derivatives: apt and dpkg."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from k8sboot import paths, scripts
from k8sboot.errors import CommandFailed
from k8sboot.host.files import File
from k8sboot.host.host import Host
from k8sboot.host.originals import PriorState
from k8sboot.host.peer import Command, Peer
from k8sboot.host.reads import Question, Reads, union
from k8sboot.host.snapshot import from_to
from k8sboot.inventory.model import Spec
from k8sboot.osfamily import apt_others, apt_sources, deb_versions, dpkg, logins, mirrors, openpgp
from k8sboot.osfamily import debian_repositories as places
from k8sboot.osfamily.apt import APT_GET, IN_MEMORY, RETRIES
from k8sboot.osfamily.family import (
    Existing,
    Family,
    Outcome,
    Paths,
    Source,
    is_older,
    must_have_fresh_lists,
    named_for,
)
from k8sboot.osfamily.grub import Grub
from k8sboot.osfamily.openpgp import Certificate
from k8sboot.osfamily.package_lock import APT_HOLDER, wait_for
from k8sboot.paths import APT_LOGINS
from k8sboot.templates import render

DOWNLOAD = (*APT_GET, *RETRIES)
UPDATE = (
    *APT_GET, "-o", "APT::Update::Error-Mode=any", "-o", "Acquire::Retries=1", "-o", "Acquire::http::Timeout=20",
    "-o", "Acquire::https::Timeout=20", "update",
)  # fmt: skip
"""Apt before 2.1 does not know --error-on=any. By default it waits for minutes for a server that does not answer."""
INSTALL = ("install", "--no-install-recommends", "--allow-change-held-packages")

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
        logins=APT_LOGINS,
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
        f'set -- {LISTS}/*Packages*; [ -e "$1" ] && [ "$(find {LISTS} -maxdepth 0 -mmin -60)" ]',
        shares=True,
    )
    firewall_units = ("ufw.service", "firewalld.service")
    installing = Reads(questions=(dpkg.HEALTH,))
    reads = union((installing, Reads(questions=(lists_are_fresh, apt_sources.SOURCES))))

    def tools_of(self, host: Peer, spec: Spec) -> tuple[str, ...]:
        """The same on every host."""
        return self.tools

    def repository_path(self, name: str) -> str:
        """One list file for each repository."""
        return paths.apt_repository(name)

    def logins(self, urls: Iterable[str]) -> str:
        """For apt and its helper."""
        return logins.for_apt(urls)

    def repository_file(self, host: Peer, name: str, source: Source, *, key: str = "") -> File:
        """Its keys are set with signed-by, and trusted for nothing else."""
        suite, components = places.suite_of(name, source, host.facts.os_codename)
        text = render(
            "apt-repository.list.j2",
            purpose=name,
            url=logins.without_login(source.url),
            signed_by=key or self._signed_by(host, name, source),
            suite=suite,
            components=components,
        )
        return File(self.repository_path(name), text)

    def _signed_by(self, host: Peer, name: str, source: Source) -> str:
        return ",".join(self.key_path(host, name, index) for index in range(len(source.keys)))

    def existing(self, host: Peer, name: str, source: Source) -> Existing | None:
        """An entry for the same URL and suite with another signed-by: with both, apt reads no list at all."""
        suite, components = places.suite_of(name, source, host.facts.os_codename)
        wanted = apt_sources.Entry(
            file=self.repository_path(name),
            url=logins.without_login(source.url),
            suite=suite,
            components=frozenset(components),
            signed_by=self._signed_by(host, name, source),
        )
        entries = apt_sources.parse(host.answer(apt_sources.SOURCES).text)
        found = [e for e in apt_sources.contradicting(entries, wanted) if e.file != wanted.file]
        found.sort(key=lambda e: not e.covers(wanted, host.facts.arch))
        if not found:
            return None
        return Existing(found[0].file, found[0].covers(wanted, host.facts.arch), found[0].signed_by)

    def retired_repositories(self, host: Peer) -> tuple[File, ...]:
        """None: Debian's archive keeps serving the names that its releases ship."""
        return ()

    def key_paths(self, name: str, index: int = 0) -> tuple[str, ...]:
        """A binary keyring, and the armored file of an earlier k8sboot."""
        return paths.apt_key(name, index), paths.armored_apt_key(name, index)

    def key_path(self, host: Peer, name: str, index: int = 0) -> str:
        """A host keeps an armored file that it has: its list names it."""
        binary, armored = self.key_paths(name, index)
        return armored if host.file(armored) else binary

    def key_file(self, host: Peer, name: str, index: int, keys: Sequence[Certificate]) -> File:
        """apt tells the form by the name. It reads armor with awk, so that a binary keyring is the surer form."""
        path = self.key_path(host, name, index)
        is_armored = path.endswith(".asc")
        text = (
            openpgp.armored(keys) if is_armored else openpgp.keyring(keys).decode("utf-8", "surrogateescape")
        )
        return File(path, text, summary=openpgp.summary(keys))

    def forget_older(self, host: Host, keys: Sequence[Certificate]) -> None:
        """Nothing: apt reads the key files each time."""

    def fetch(self, host: Peer, url: str) -> Command:
        """apt-helper, to standard output."""
        return host.downloads(["sh", "-c", FETCH, "fetch", logins.without_login(url)])

    def index_url(self, host: Peer, source: Source) -> str:
        """'': apt accepts only a signed Release as an index, and reports the URL of one that is not."""
        return ""

    def repositories(self, host: Peer, spec: Spec, packages: Iterable[str]) -> Mapping[str, Source]:
        """Docker's and Kubernetes' repositories, and all others in the inventory."""
        files = {name: host.read_file(self.repository_path(name)) for name in self.repository_names}
        system = places.System(host.facts.os_id, host.facts.os_like, files)
        own = places.flattened(spec, named_for(spec.os, self.name))
        return mirrors.settled(spec, places.presets(spec, system), own, packages)

    def is_broken(self, host: Peer) -> bool:
        """Whether dpkg left any package half-installed, whoever installed it."""
        return bool(dpkg.interrupted(host))

    def refresh(self, host: Host) -> None:
        """apt-get update, after repairs. A repository of others that cannot be read is a notice."""
        apt_others.refuse_malformed(host)
        wait_for(host, APT_HOLDER)
        dpkg.repair(host)
        try:
            host.change(
                "read the package lists",
                host.downloads(list(UPDATE)),
                ["touch", LISTS],
                timeout=900,
                job=True,
            )
        except CommandFailed as failed:
            entries = tuple(apt_sources.parse(host.answer(apt_sources.SOURCES).text))
            unread = apt_sources.unread(failed.output, entries)
            if not unread:
                raise
            for entry, reason in unread.items():
                host.notice(
                    "KB-REPOSITORY-SKIPPED", f"{entry.file}: cannot read {entry.url} {entry.suite}: {reason}"
                )
            host.change("continue with the package lists that could be read", ["touch", LISTS])
        if host.is_ahead:
            apt_others.tell_dead(host)
        host.assume(self.lists_are_fresh)

    def candidates(self, host: Host, names: tuple[str, ...]) -> Mapping[str, tuple[str, ...]]:
        """From apt-cache madison: 'name | version | source' lines, newest first."""
        found: dict[str, tuple[str, ...]] = {}
        for line in host.read(["apt-cache", *IN_MEMORY, "madison", *names]).splitlines():
            name, version, *_ = [part.strip() for part in line.split("|")] + ["", ""]
            if version:
                found[name] = (*found.get(name, ()), version)
        return found

    def is_older(self, version: str, installed: str) -> bool:
        """In dpkg's order; for a pattern, compare the upstream versions."""
        return is_older(version, installed, deb_versions.compare)

    def outcome(self, host: Peer, versions: Mapping[str, str]) -> Outcome:
        """From apt-get's simulation; nothing where that fails, as the installation then fails with its reason."""
        done = host.ask(
            ["apt-get", "-s", "-o", "Debug::NoLocking=true", *IN_MEMORY, *INSTALL, "--allow-downgrades",
             *_words(versions)],
            timeout=300,
        )  # fmt: skip
        return dpkg.outcome(done.text) if done.exit_status == 0 else Outcome()

    def install(
        self,
        host: Host,
        versions: Mapping[str, str],
        *,
        diff: str,
        removes: bool = False,
        downgrades: bool = False,
    ) -> None:
        """One apt-get install with exact versions. A held package may change, because k8sboot sets its version."""
        wait_for(host, APT_HOLDER)
        words = _words(versions)
        options = [*([] if removes else ["--no-remove"]), *(["--allow-downgrades"] if downgrades else [])]
        host.change(
            f"install {' '.join(words)}",
            *[PriorState("package", name) for name in versions if not host.package(name)],
            host.downloads([*DOWNLOAD, *INSTALL, "-y", *options, *words]),
            diff=diff,
            timeout=3600,
            job=True,
        )

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
            host.downloads([*DOWNLOAD, "install", "-y", "--no-remove", "--only-upgrade", *names]),
            timeout=3600,
            job=True,
        )


def _words(versions: Mapping[str, str]) -> list[str]:
    return [f"{name}={version}" if version else name for name, version in versions.items()]
