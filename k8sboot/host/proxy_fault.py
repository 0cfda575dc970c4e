"""Whether it is the inventory's proxy that fails, from the words of apt, yum, curl or the runtime. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from k8sboot.text.sanitize import safe_line

LONGEST = 200
CODE = "KB-PROXY"
_LOGIN = re.compile(
    r"\b407\b|proxy authentication required|authentication required by (?:the )?proxy", re.IGNORECASE
)
_NO_NAME = re.compile(r"resolv|lookup|no such host|name or service not known|no address", re.IGNORECASE)
# (pattern of the words about an address, what it means), first match wins.
_FAULTS = (
    (re.compile(r"refused", re.IGNORECASE), "refuses connections: nothing listens there"),
    # curl from 7.88 on does not say why
    (
        re.compile(r"couldn't connect to server", re.IGNORECASE),
        "accepts no connections: nothing listens there, or a packet filter rejects them",
    ),
    (
        re.compile(r"time[d ]*out|no route|unreachable|could not connect|failed to connect", re.IGNORECASE),
        "does not answer",
    ),
)


@dataclass(frozen=True)
class ProxyFault:
    """what: the proxy's address and what is wrong with it. cure: what to do."""

    what: str
    cure: str


def proxy_fault(urls: Sequence[str], words: str) -> ProxyFault | None:
    """The fault of one of these proxies that the words tell of; None if they tell of something else."""
    return next(_faults(urls, [line for line in words.splitlines() if line.strip()]), None)


def _faults(urls: Sequence[str], lines: Sequence[str]) -> Iterator[ProxyFault]:
    for line in reversed(lines):
        for url in urls:
            if _LOGIN.search(line):
                yield _fault(
                    " or ".join(urls),
                    "requires a login, or rejects it",
                    line,
                    "set proxy.user and proxy.password",
                )
            host, _, port = url.rpartition("://")[2].rpartition(":")
            meaning = _meaning(line, host.strip("[]"), port)
            if meaning:
                yield _fault(url, meaning, line, "correct proxy.http and proxy.https")


def _meaning(line: str, host: str, port: str) -> str:
    named = re.search(rf"(?<![\w.-]){re.escape(host)}(?![\w-]|\.\w)", line, re.IGNORECASE)
    if not named:
        return ""
    if _NO_NAME.search(line):
        return "has a name that does not resolve on this host"
    if not re.search(rf"(?<!\d){re.escape(port)}(?!\d)", line):
        return ""
    return next((meaning for pattern, meaning in _FAULTS if pattern.search(line)), "")


def _fault(url: str, meaning: str, line: str, fix: str) -> ProxyFault:
    said = safe_line(line)
    return ProxyFault(
        f"the proxy {url} {meaning}: {said if len(said) <= LONGEST else said[:LONGEST] + '…'}",
        f"{fix} in the inventory, or start the proxy; test it on the host with "
        f"`curl -x {url.partition(' ')[0]} -I http://deb.debian.org`; then run again",
    )
