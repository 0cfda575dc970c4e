"""yum at work on a host: its lock, its health, its lists and its version locks."""

from __future__ import annotations

from k8sboot.host.host import Host
from k8sboot.host.originals import PriorState
from k8sboot.host.peer import Command, Peer, failure
from k8sboot.host.reads import Question
from k8sboot.host.snapshot import from_to
from k8sboot.osfamily import package_lock, rpm_versions
from k8sboot.scripts import render

YUM = ("env", "LC_ALL=C", "yum", "-y")
UNLOCKED = ("--disableplugin=versionlock", "--disableexcludes=all")
"""k8sboot sets the version of a locked package."""
NO_KERNEL = "--exclude=kernel*"
ASKED = (*YUM, "-q", "-C")
"""Uses the lists on the host: without -C yum downloads and writes those that it considers too old."""

PLUGIN_FILES = ("/etc/yum/pluginconf.d/versionlock.conf", "/etc/dnf/plugins/versionlock.conf")
LISTS = ("/etc/yum/pluginconf.d/versionlock.list", "/etc/dnf/plugins/versionlock.list")
LOCK_FILES = (*PLUGIN_FILES, *LISTS)

HEALTH = Question("yum-health", render("yum-health"))
HOLDER = ("sh", "-c", render("yum-lock-holder"), "yum-lock-holder")


def wait_for_lock(host: Host) -> None:
    """Wait until no other program uses the package manager, naming it with its process id."""
    package_lock.wait_for(host, HOLDER)


def repair(host: Host) -> None:
    """Report and repair what an interrupted transaction or a crash of rpm left behind."""
    found = host.answer(HEALTH).text.split()
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
            [*YUM, "install", "yum-utils"],
            ["yum-complete-transaction", "-y"],
            ["yum-complete-transaction", "-y", "--cleanup-only"],
            timeout=3600,
            job=True,
            check=lambda: host.answer(HEALTH).text.strip() and "yum still lists an unfinished transaction",
        )


def listing(host: Peer, names: tuple[str, ...]) -> str:
    """The output of `yum list --showduplicates` for these packages; '' if no repository has any of them."""
    return _listed(host, [*ASKED, *UNLOCKED, "list", "--showduplicates", *names], ok=(0,))


def pending_updates(host: Peer) -> tuple[str, ...]:
    """The packages that `yum update` would change: check-update exits with 100 if there are any."""
    text = _listed(host, [*ASKED, NO_KERNEL, "check-update"], ok=(0, 100))
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
