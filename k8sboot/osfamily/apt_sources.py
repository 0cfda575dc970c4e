"""apt's lists of sources, one-line and deb822, and which of them contradict a repository of k8sboot's. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from k8sboot.host.reads import Question
from k8sboot.osfamily.logins import without_login
from k8sboot.scripts import render

SOURCES = Question("apt-sources", render("apt-sources"))

ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}
"""The machine's name: apt's."""
_ONE_LINE = re.compile(
    r"(?P<type>deb|deb-src)\s+(?:\[(?P<options>[^]]*)\]\s*)?"
    r"(?P<url>cdrom:\[[^]]*\]\S*|\S+)\s+(?P<suite>\S+)(?P<components>.*)"
)


@dataclass(frozen=True)
class Entry:
    """One suite of one repository in a file. place: what apt tells repositories apart by. signed_by: '' if not set."""

    file: str
    url: str
    suite: str
    components: frozenset[str] = frozenset()
    types: frozenset[str] = frozenset({"deb"})
    signed_by: str = ""
    architectures: frozenset[str] = field(default_factory=frozenset)

    @property
    def place(self) -> tuple[str, str]:
        """apt names its files without the scheme: http and https are the same repository."""
        return without_login(self.url).partition("://")[2].rstrip("/"), self.suite

    def covers(self, wanted: Entry, arch: str) -> bool:
        """Whether it offers at least the packages of the wanted entry."""
        is_for_host = not self.architectures or ARCHITECTURES.get(arch, arch) in self.architectures
        return "deb" in self.types and wanted.components <= self.components and is_for_host


def contradicting(entries: Iterable[Entry], wanted: Entry) -> list[Entry]:
    """The entries of the same repository with other keys: with both, apt reads no list at all."""
    return [e for e in entries if e.place == wanted.place and _contradicts(e, wanted)]


def _contradicts(entry: Entry, wanted: Entry) -> bool:
    """apt lets a later entry add keys to an earlier one that has none, and nothing else."""
    if not entry.signed_by and _turn(entry.file) < _turn(wanted.file):
        return False
    return entry.signed_by != wanted.signed_by


def _turn(path: str) -> tuple[bool, str]:
    """apt reads sources.list, then the files of its folder by name."""
    folder, _, name = path.rpartition("/")
    return folder.endswith(".d"), name


def unread(output: str, entries: Sequence[Entry]) -> dict[Entry, str]:
    """The repositories of others, and why, that a failed `apt-get update` could not read; none if that is not all."""
    found: dict[Entry, str] = {}
    for line in output.splitlines():
        if not line.startswith("E: ") or line.startswith("E: Some index files failed"):
            continue
        entry = max((e for e in entries if _names(line, e)), key=lambda e: len(e.url), default=None)
        if entry is None or is_ours(entry.file):
            return {}
        found.setdefault(entry, line.removeprefix("E: "))
    return found


def _names(line: str, entry: Entry) -> bool:
    """Whether a line of apt's names the repository: its URL alone, or with a path below it."""
    url = re.escape(entry.url.rstrip("/"))
    return bool(re.search(f"{url}(?:[/' ]|$)", line.replace("cdrom://[", "cdrom:[")))


def is_ours(path: str) -> bool:
    """Whether a file of sources is k8sboot's."""
    return path.rpartition("/")[2].startswith("k8sboot-")


def parse(answer: str) -> Iterator[Entry]:
    """The enabled entries in the answer to SOURCES."""
    for path, lines in texts(answer):
        yield from _deb822(path, lines) if path.endswith(".sources") else _one_line(path, lines)


def texts(answer: str) -> Iterator[tuple[str, list[str]]]:
    """(path, lines) of each file in an answer of lines `file PATH` and `| LINE`."""
    for part in re.split(r"(?m)^file ", answer)[1:]:
        path, *lines = part.split("\n")
        yield path, [line.removeprefix("| ") for line in lines if line.startswith("| ")]


def _one_line(path: str, lines: list[str]) -> Iterator[Entry]:
    for line in lines:
        found = _ONE_LINE.fullmatch(line.partition("#")[0].strip())
        if found:
            options = dict(pair.split("=", 1) for pair in (found["options"] or "").split() if "=" in pair)
            yield Entry(
                file=path,
                url=found["url"],
                suite=found["suite"],
                components=frozenset(found["components"].split()),
                types=frozenset({found["type"]}),
                signed_by=_keys(options.get("signed-by", "")),
                architectures=frozenset(filter(None, options.get("arch", "").split(","))),
            )


def _deb822(path: str, lines: list[str]) -> Iterator[Entry]:
    for stanza in re.split(r"\n\s*\n", "\n".join(line for line in lines if not line.startswith("#"))):
        fields = _fields(stanza)
        if fields.get("enabled", "yes").lower() in ("no", "false", "0", "off", "without", "disable"):
            continue
        for url in fields.get("uris", "").split():
            for suite in fields.get("suites", "").split():
                yield Entry(
                    file=path,
                    url=url,
                    suite=suite,
                    components=frozenset(fields.get("components", "").split()),
                    types=frozenset(fields.get("types", "").split()),
                    signed_by=_keys(fields.get("signed-by", "")),
                    architectures=frozenset(fields.get("architectures", "").split()),
                )


def _fields(stanza: str) -> Mapping[str, str]:
    """The fields of a stanza by lower-case name, continuation lines included."""
    found: dict[str, list[str]] = {}
    name = ""
    for line in stanza.splitlines():
        if line[:1] in (" ", "\t"):
            found.setdefault(name, [""]).append(line.strip())
        else:
            name, _, value = line.partition(":")
            name = name.strip().lower()
            found[name] = [value.strip()]
    return {name: "\n".join(lines) for name, lines in found.items()}


def _keys(value: str) -> str:
    """Key files in apt's order; a key written into the entry stays as it is."""
    return value.strip() if "\n" in value else ",".join(value.replace(",", " ").split())
