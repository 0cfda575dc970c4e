"""apt's sources of others: what keeps apt from reading any list, and which a plan finds dead."""

from __future__ import annotations

from k8sboot import paths, scripts
from k8sboot.errors import Refused
from k8sboot.host.host import Host
from k8sboot.host.reads import Question
from k8sboot.osfamily.apt_sources import SOURCES, Entry, is_ours, parse

UNREADABLE = "The list of sources could not be read"
MALFORMED = Question("apt-sources-malformed", "apt-get indextargets 2>&1 >/dev/null | sed -n 's/^E: //p'")
"""apt's words about its sources where it can read none of them, as a plan cannot read the lists."""
REACH = scripts.render("apt-reach", TO=paths.FETCHED)


def refuse_malformed(host: Host) -> None:
    """Refused where apt cannot read its sources, with the file and the line."""
    said = [line.strip() for line in host.answer(MALFORMED).text.splitlines() if line.strip()]
    if any(UNREADABLE in line for line in said):
        raise Refused(
            "apt cannot read its sources: it installs nothing, and reads no package list",
            why="; ".join(line for line in said if UNREADABLE not in line) or UNREADABLE,
            fix=f"correct or remove what it names, check with `apt-get indextargets` on {host.name}, then run again",
            host=host.name,
            code="KB-REPOSITORY-MALFORMED",
        )


def tell_dead(host: Host) -> None:
    """Tell which repositories of others have no index now: reading the lists would skip them."""
    entries = {_folder(each): each for each in parse(host.answer(SOURCES).text) if _is_tried(each)}
    if not entries:
        return
    done = host.ask(host.downloads(["sh", "-c", REACH, "reach", *entries]), timeout=120)
    for line in done.text.splitlines():
        folder, _, reason = line.partition(" ")
        if entry := entries.get(folder):
            host.notice(
                "KB-REPOSITORY-SKIPPED", f"{entry.file}: cannot read {entry.url} {entry.suite}: {reason}"
            )


def _is_tried(entry: Entry) -> bool:
    """Over HTTP, and without a login, which would show on a command line."""
    return entry.url.startswith(("http://", "https://")) and "@" not in entry.url and not is_ours(entry.file)


def _folder(entry: Entry) -> str:
    url = entry.url.rstrip("/")
    return f"{url}/{entry.suite.lstrip('/')}" if entry.suite.endswith("/") else f"{url}/dists/{entry.suite}/"
