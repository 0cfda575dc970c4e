"""The evidence that a host returns after a failed phase: named sections of text, limited in size and redacted."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping
from contextlib import suppress

from k8sboot.text.redact import Redactor
from k8sboot.text.sanitize import safe

LONGEST_LINE = 2000
LONGEST_SECTION = 64 * 1024
MOST_SECTIONS = 100
LOGS = (
    "log-",
    "kubelet-errors",
    "kubelet-tail",
    "events",
    "conditions",
    "oom",
    "pods",
    "containers",
)
"""Prefixes of sections that may report the past, or mere consequences."""
OF_ALL_HOSTS = ("events", "conditions", "pods", "requests")
"""Sections of the cluster, which do not say which host a line is about."""
PROXIES = "proxies"
"""The section that holds the inventory's proxies, a URL a line."""
RUNTIME = "runtime"
"""The section that holds the name of the inventory's container runtime."""
OUTPUT = "output"
"""The section that holds the output of the failed step."""


class HostEvidence:
    """Sections of text by name; '' for a section that is missing. Lines are short enough for a safe regex search."""

    def __init__(self, sections: Mapping[str, str], redact: Redactor | None = None) -> None:
        mask = redact or Redactor()
        shown = list(sections.items())[:MOST_SECTIONS]
        self._sections = {name: _clean(text, mask) for name, text in shown}

    def __getitem__(self, name: str) -> str:
        """The text of a section."""
        return self._sections.get(name, "")

    def find(self, pattern: str, *names: str) -> re.Match[str] | None:
        """The last line that the pattern matches, in the first of these sections that has one."""
        compiled = re.compile(pattern, re.IGNORECASE)
        for name in names:
            for line in reversed(self[name].splitlines()):
                found = compiled.search(line)
                if found:
                    return found
        return None

    def lines(self, pattern: str, *names: str) -> list[re.Match[str]]:
        """Every line of these sections that the pattern matches."""
        compiled = re.compile(pattern, re.IGNORECASE)
        found = (compiled.search(line) for name in names for line in self[name].splitlines())
        return [match for match in found if match]

    def text(self) -> str:
        """All sections as one text, for a file."""
        return "".join(f"==== {name}\n{text.rstrip()}\n\n" for name, text in self._sections.items())

    def of_now(self) -> HostEvidence:
        """Without logs: the step's output and the present state. Logs may report an earlier failure."""
        return HostEvidence(
            {name: text for name, text in self._sections.items() if not name.startswith(LOGS)}
        )

    def of_itself(self) -> HostEvidence:
        """Without what the cluster reports of all its hosts."""
        return HostEvidence({name: text for name, text in self._sections.items() if name not in OF_ALL_HOSTS})

    def without_past_events(self) -> HostEvidence:
        """Without events of Pods that are ready now, or gone: the cluster keeps events for an hour."""
        rows = self.lines(r"^\S+ +(\S+) +(\d+)/(\d+) ", "pods")
        is_ready = {row[1]: row[2] == row[3] for row in rows}
        is_whole = self["pods"].startswith("NAMESPACE ")
        kept = [
            line for line in self["events"].splitlines() if not _is_past(line, is_ready, is_whole=is_whole)
        ]
        return HostEvidence({**self._sections, "events": "\n".join(kept)})

    def joined_with(self, other: HostEvidence) -> HostEvidence:
        """Both merged; a section of this one wins."""
        return HostEvidence({**other._sections, **self._sections})


def parse(text: str) -> dict[str, str]:
    """Parse the script's output, lines `section NAME .BASE64`. Other lines are ignored."""
    found: dict[str, str] = {}
    for line in text.split("\n"):
        words = line.split(" ")
        if len(words) == 3 and words[0] == "section" and words[2].startswith("."):
            with suppress(binascii.Error, ValueError):  # hostile or truncated: as if it were missing
                found[words[1]] = base64.b64decode(words[2][1:], validate=True).decode("utf-8", "replace")
    return found


def _is_past(event: str, is_ready: Mapping[str, bool], *, is_whole: bool) -> bool:
    """is_ready: by the Pods' names; is_whole: whether these are all."""
    found = re.match(r"\S+ +Pod +(\S+) ", event)
    return found is not None and is_ready.get(found[1], is_whole)


def _clean(text: str, redact: Redactor) -> str:
    """Redact before and after sanitizing: a control character inside a secret hides it, removing one may reveal it."""
    plain = redact(safe(redact(text[-LONGEST_SECTION:])))
    return "\n".join(line[:LONGEST_LINE] for line in plain.splitlines())
