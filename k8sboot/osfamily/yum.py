"""yum at work on a host: its lock, its health, its lists and its version locks."""

from __future__ import annotations

from k8sboot.errors import CommandFailed
from k8sboot.host.host import Host
from k8sboot.host.originals import PriorState
from k8sboot.host.peer import Command, Peer, failure
from k8sboot.host.reads import Question
from k8sboot.host.snapshot import from_to
from k8sboot.osfamily import package_lock, rpm_versions, yum_transactions
from k8sboot.osfamily.family import Outcome
from k8sboot.paths import UNREAD_REPOSITORIES
from k8sboot.scripts import render

YUM = ("env", "LC_ALL=C", "yum", "-y")
UNLOCKED = ("--disableplugin=versionlock", "--disableexcludes=all")
"""k8sboot sets the version of a locked package."""
PATIENCE = ("--setopt=retries=3", "--setopt=timeout=20")
"""By default yum waits for five minutes for a server that does not answer."""
NO_KERNEL = "--exclude=kernel*"
ASKED = (*YUM, "-q", "-C")
"""Uses the lists on the host: without -C yum downloads and writes those that it considers too old."""

PLUGIN_FILES = ("/etc/yum/pluginconf.d/versionlock.conf", "/etc/dnf/plugins/versionlock.conf")
LISTS = ("/etc/yum/pluginconf.d/versionlock.list", "/etc/dnf/plugins/versionlock.list")
LOCK_FILES = (*PLUGIN_FILES, *LISTS)

SIMULATED = ("env", "LC_ALL=C", "yum", "-C", "--assumeno", "--setopt=autosavets=0")
"""yum 3 would save a transaction that it does not make to a file in /tmp."""

SOURCES = Question("yum-sources", render("yum-sources"), shares=True)
UNREAD = Question("yum-unread", f"ls {UNREAD_REPOSITORIES}")
HEALTH = Question("yum-health", render("yum-health"))
DNF_HEALTH = Question("dnf-health", render("dnf-health"), shares=True)
HOLDER = ("sh", "-c", render("yum-lock-holder"), "yum-lock-holder")


def wait_for_lock(host: Host) -> None:
    """Wait until no other program uses the package manager, naming it with its process id."""
    package_lock.wait_for(host, HOLDER)


def health(host: Peer) -> list[str]:
    """What is broken, in single words."""
    return [*host.answer(HEALTH).text.split(), *host.answer(DNF_HEALTH).text.split()]


def repair(host: Host) -> None:
    """Report and repair what an interrupted transaction or a crash of rpm left behind."""
    found = health(host)
    if "database" in found:
        host.notice("KB-PACKAGES-BROKEN", "rpm's database is damaged and will be rebuilt")
        wait_for_lock(host)
        host.change(
            "rebuild rpm's database",
            ["/bin/sh", "-c", "rm -f /var/lib/rpm/__db.*"],
            ["rpm", "--rebuilddb"],
            timeout=1800,
            job=True,
        )
    if "transaction" in found:
        host.notice("KB-PACKAGES-BROKEN", "yum was interrupted during a transaction, which will be finished")
        wait_for_lock(host)
        host.change(
            "finish an interrupted package transaction",
            host.downloads([*YUM, *without_unread(host), "install", "yum-utils"]),
            ["yum-complete-transaction", "-y"],
            ["yum-complete-transaction", "-y", "--cleanup-only"],
            timeout=3600,
            job=True,
            check=lambda: _still(host, "transaction", "yum still lists an unfinished transaction"),
        )
    if "duplicates" in found:
        _remove_duplicates(host)


def without_unread(host: Peer) -> list[str]:
    """Options that leave out the repositories of others that could not be read: each would fail every command."""
    return [f"--disablerepo={name}" for name in host.answer(UNREAD).text.split()]


def read_lists(host: Host) -> None:
    """yum makecache. A repository of others that cannot be read is a notice, and left out until the next time."""
    forget: list[Command] = [["rm", "-rf", UNREAD_REPOSITORIES]] if host.answer(UNREAD).text.strip() else []
    unread: list[str] = []
    while True:
        marks = [f"{UNREAD_REPOSITORIES}/{name}" for name in unread]
        remember: list[Command] = [["mkdir", "-p", UNREAD_REPOSITORIES], ["touch", *marks]] if marks else []
        try:
            host.change(
                "read the package lists",
                *forget,
                ["yum", "-q", "clean", "expire-cache"],
                host.downloads(
                    ["yum", "-q", "-y", *PATIENCE, *(f"--disablerepo={name}" for name in unread), "makecache"]
                ),
                *remember,
                timeout=900,
                job=True,
            )
        except CommandFailed as failed:
            name, reason = yum_transactions.failed_repository(failed.output)
            file = yum_transactions.others(host.answer(SOURCES).text).get(name)
            if file is None or name in unread:
                raise
            host.notice("KB-REPOSITORY-SKIPPED", f"{file}: cannot read the repository {name}: {reason}")
            unread.append(name)
        else:
            return


def outcome(host: Peer, words: list[str]) -> Outcome:
    """What `yum install` of these would do to installed packages."""
    done = host.ask([*SIMULATED, *without_unread(host), *UNLOCKED, "install", *words], timeout=600)
    return yum_transactions.outcome(done.text)


def _still(host: Peer, word: str, problem: str) -> str:
    return problem if word in health(host) else ""


def _remove_duplicates(host: Host) -> None:
    """dnf has no other way to finish what it began: it keeps the newer of two versions, and installs it again."""
    host.notice("KB-PACKAGES-BROKEN", "dnf was stopped in a transaction and left packages in two versions")
    wait_for_lock(host)
    host.change(
        "finish an interrupted package transaction",
        host.downloads([*YUM, *without_unread(host), "remove", "--duplicates"]),
        timeout=3600,
        job=True,
        check=lambda: _still(host, "duplicates", "packages are still in two versions"),
    )


def listing(host: Peer, names: tuple[str, ...]) -> str:
    """The output of `yum list --showduplicates` for these packages; '' if no repository has any of them."""
    return _listed(
        host, [*ASKED, *without_unread(host), *UNLOCKED, "list", "--showduplicates", *names], ok=(0,)
    )


def pending_updates(host: Peer) -> tuple[str, ...]:
    """The packages that `yum update` would change: check-update exits with 100 if there are any."""
    text = _listed(host, [*ASKED, *without_unread(host), NO_KERNEL, "check-update"], ok=(0, 100))
    return tuple(sorted(rpm_versions.offered(text, host.facts.arch)))


def _listed(host: Peer, command: Command, *, ok: tuple[int, ...]) -> str:
    done = host.ask(command, timeout=600)
    if done.exit_status in ok:
        return done.text
    if b"No matching" in done.stderr:
        return ""
    raise failure("cannot read the package lists", " ".join(command), done, host.name)


def unlocked(host: Peer, names: tuple[str, ...]) -> tuple[str, ...]:
    """The packages of these that versionlock, if that plugin is installed, does not hold at their version."""
    if not any(host.file(path) for path in PLUGIN_FILES):
        host.relies_on("os-packages")  # which installs it if a repository has it
        return ()
    lines = _lines(host)
    return tuple(name for name in names if not _forms(name, host.package(name)) & lines)


def lock(host: Host, names: tuple[str, ...]) -> None:
    """Lock the packages at their installed versions, and at no other."""
    stale = [name for name in names if any(_is_of(line, name) for line in _lines(host))]
    steps: list[Command] = [["yum", "-q", "versionlock", "delete", *stale]] if stale else []
    host.change(
        f"hold {' '.join(names)}",
        *[PriorState("hold", name) for name in names if name not in stale],
        *steps,
        ["yum", "-q", "versionlock", "add", *names],
        diff="".join(from_to(name, "changes with updates", "held") for name in names),
        timeout=300,
        check=lambda: " ".join(unlocked(host, names)) and f"not locked: {' '.join(unlocked(host, names))}",
    )


def _lines(host: Peer) -> frozenset[str]:
    """The lines of versionlock's list, without the architecture."""
    text = "".join(host.read_file(path) or "" for path in LISTS)
    lines = (line.strip() for line in text.splitlines())
    return frozenset(line.rpartition(".")[0] for line in lines if line and not line.startswith("#"))


def _forms(name: str, version: str) -> frozenset[str]:
    """The ways to write a lock: yum 3 puts the epoch first, dnf before the version."""
    if not version:
        return frozenset()
    epoch, _, rest = version.partition(":")
    plain = {f"{name}-{rest}"} if epoch == "0" else set()
    return frozenset({f"{epoch}:{name}-{rest}", f"{name}-{epoch}:{rest}", *plain})


def _is_of(line: str, name: str) -> bool:
    bare = line.partition(":")[2] if line.partition(":")[0].isdigit() else line
    return bare.rpartition("-")[0].rpartition("-")[0] == name
