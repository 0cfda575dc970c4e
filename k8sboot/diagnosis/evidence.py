"""What a host said of itself when a phase had failed there: named sections of text, sized, clean, without secrets."""

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
"""How the names of sections begin that tell of the past, or of consequences."""
OUTPUT = "output"
"""The section that holds what the failed step itself said."""


class HostEvidence:
    """Sections of text by name. What is not there is ''. Every line is short enough to be searched safely."""

    def __init__(self, sections: Mapping[str, str], redact: Redactor | None = None) -> None:
        mask = redact or Redactor()
        kept = list(sections.items())[:MOST_SECTIONS]
        self._sections = {name: _clean(text, mask) for name, text in kept}

    def __getitem__(self, name: str) -> str:
        """The text of a section."""
        return self._sections.get(name, "")

    def find(self, pattern: str, *names: str) -> re.Match[str] | None:
        """The last line of these sections, looked at in turn, that the pattern is found in."""
        compiled = re.compile(pattern, re.IGNORECASE)
        for name in names:
            for line in reversed(self[name].splitlines()):
                found = compiled.search(line)
                if found:
                    return found
        return None

    def lines(self, pattern: str, *names: str) -> list[re.Match[str]]:
        """Every line of these sections that the pattern is found in."""
        compiled = re.compile(pattern, re.IGNORECASE)
        found = (compiled.search(line) for name in names for line in self[name].splitlines())
        return [match for match in found if match]

    def text(self) -> str:
        """All of it, to be kept in a file."""
        return "".join(f"==== {name}\n{text.rstrip()}\n\n" for name, text in self._sections.items())

    def of_now(self) -> HostEvidence:
        """Without logs: what the failed step said, and what is the case; logs may tell of an earlier failure."""
        return HostEvidence(
            {name: text for name, text in self._sections.items() if not name.startswith(LOGS)}
        )

    def joined_with(self, other: HostEvidence) -> HostEvidence:
        """Both; where both have a section, this one's."""
        return HostEvidence({**other._sections, **self._sections})


def parse(text: str) -> dict[str, str]:
    """The sections in the output of the script: lines `section NAME .BASE64`. Others are passed over."""
    found: dict[str, str] = {}
    for line in text.split("\n"):
        words = line.split(" ")
        if len(words) == 3 and words[0] == "section" and words[2].startswith("."):
            with suppress(binascii.Error, ValueError):  # hostile or cut short: as good as unsaid
                found[words[1]] = base64.b64decode(words[2][1:], validate=True).decode("utf-8", "replace")
    return found


def _clean(text: str, redact: Redactor) -> str:
    """Masked before and after: a control character inside a secret hides it, and one taken out may reveal it."""
    plain = redact(safe(redact(text[-LONGEST_SECTION:])))
    return "\n".join(line[:LONGEST_LINE] for line in plain.splitlines())
