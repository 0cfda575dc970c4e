"""The last event of each object of a namespace."""

from __future__ import annotations

from collections.abc import Mapping

from k8sboot.kubernetes.commands import REQUEST_TIMEOUT, Words, kubectl
from k8sboot.text.sanitize import safe_line

_TIMES = (".lastTimestamp", ".series.lastObservedTime", ".eventTime")
COLUMNS = ",".join(
    f"C:{path}" for path in (*_TIMES, ".involvedObject.kind", ".involvedObject.name", ".reason", ".message")
)
LONGEST = 300


def events(namespace: str) -> Words:
    """List the namespace's events, a line each; a message of several lines continues below."""
    columns = ("--output", f"custom-columns={COLUMNS}", "--no-headers")
    return kubectl(
        "get", "events", "--namespace", namespace, *columns, f"--request-timeout={REQUEST_TIMEOUT}s"
    )


def last_events(text: str) -> Mapping[tuple[str, str], str]:
    """'REASON: MESSAGE' of the newest event, by kind and name. Lines that are not an event's first are ignored."""
    found: dict[tuple[str, str], tuple[str, str]] = {}
    for line in text.splitlines():
        words = line.split(None, 6)
        if len(words) < 7:
            continue
        # times in UTC sort as text; '<none>' is none
        when = max((word for word in words[:3] if word[:1].isdigit()), default="")
        key, said = (words[3], words[4]), f"{words[5]}: {safe_line(words[6])}"[:LONGEST]
        if when and when >= found.get(key, ("", ""))[0]:
            found[key] = (when, said)
    return {key: said for key, (_, said) in found.items()}
