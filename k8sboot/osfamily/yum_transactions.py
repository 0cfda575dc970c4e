"""What yum 3 and dnf print: of a transaction, of a repository that they cannot read, and their .repo files. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator

from k8sboot.osfamily.apt_sources import is_ours, texts
from k8sboot.osfamily.family import Outcome

_SECTION = re.compile(r"(Removing|Downgrading|[A-Z][a-z]+ing)\b[^:]*:$")
_ROW = re.compile(r" (\S+)(?:\s+\S+\s+(\S+))?")
LONGEST_LINE = 1000
"""Characters of a line that are searched."""
_FAILED = (
    re.compile(r"failure: \S+ from (?P<id>[^\s:]+): (?P<why>.*)"),
    re.compile(r"(?P<why>Cannot find a valid baseurl for repo: (?P<id>[^\s/]+).*)"),
    re.compile(r"(?P<why>Cannot retrieve .* for repository: (?P<id>[^\s/]+?)[./\s].*)"),
    re.compile(r"(?P<why>Failed to download metadata for repo '(?P<id>[^']+)'.*)"),
    re.compile(r"(?P<why>Failed to download metadata .* for repository \"(?P<id>[^\"]+)\".*)"),
)


def outcome(summary: str) -> Outcome:
    """The packages that the summary of a transaction removes, replaces or downgrades.

    A row is ` NAME ARCH VERSION REPOSITORY SIZE`, which yum breaks behind the name if lines are too narrow.
    """
    removed, older = {}, {}
    section = ""
    for line in _joined(summary.splitlines()):
        if heading := _SECTION.match(line):
            section = heading[1]
        elif replaced := _replaced(line):
            removed[replaced[0]] = replaced[1]
        elif not line.strip():
            section = ""
        elif row := _ROW.match(line):
            if section == "Removing":
                removed[row[1]] = row[2] or ""
            elif section == "Downgrading":
                older[row[1]] = row[2] or ""
    return Outcome(removed, older)


def _replaced(line: str) -> tuple[str, str] | None:
    """(name, version) of a row `     replacing  NAME.ARCH VERSION`."""
    words = line.split()
    if line[:1].isspace() and words[:1] == ["replacing"] and len(words) > 2 and "." in words[1][1:]:
        return words[1].rpartition(".")[0], words[2]
    return None


def _joined(lines: list[str]) -> Iterator[str]:
    """The lines, with rows that yum broke put together again."""
    waiting = ""
    for line in lines:
        if re.fullmatch(r" \S+", line):
            waiting = line
        else:
            yield waiting + line
            waiting = ""


def failed_repository(output: str) -> tuple[str, str]:
    """(id, reason) of the repository at which yum stopped, ('', '') if it does not say."""
    for line in output.splitlines():
        for pattern in _FAILED:
            if found := pattern.search(line[:LONGEST_LINE]):
                return found["id"], found["why"].strip()
    return "", ""


def others(answer: str) -> dict[str, str]:
    """Repository id: its file, of the files that are not k8sboot's."""
    return {
        line[1:].partition("]")[0]: path
        for path, lines in texts(answer)
        if not is_ours(path)
        for line in lines
        if line.startswith("[")
    }
