"""HTTP from the nodes, and from their Pods, which dial on their behalf (agnhost netexec)."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

from k8sboot import scripts
from k8sboot.errors import K8sbootError
from k8sboot.host.peer import Peer
from k8sboot.smoke.objects import HTTP
from k8sboot.text.numbers import whole

PAYLOAD = 16384
"""Bytes: more than fits into a packet of any network, jumbo frames included."""
EACH = 12
"""Seconds for one answer; a Pod that dials gives up after 5 by itself."""
TIMED_OUT = 124
SCRIPT = scripts.render("smoke-fetch", SIZE=PAYLOAD, SECONDS_EACH=EACH, AT_ONCE=8)
LONGEST = 200
T = TypeVar("T")


@dataclass(frozen=True)
class Reply:
    """What came: the exit status of the fetch, and the answer's first and last characters, with its head."""

    status: int
    size: int
    text: str

    @property
    def problem(self) -> str:
        """What is wrong with it, '' for nothing."""
        if self.status == TIMED_OUT:
            return f"no answer within {EACH} s"
        if self.status:
            return (
                self.text.strip().rpartition("\n")[2].rpartition(": ")[2][:LONGEST] or f"status {self.status}"
            )
        if not re.match(r"HTTP/1\.[01] 200 ", self.text):
            return self.text.strip().rpartition("\n")[2][:LONGEST] or "the connection was closed"
        if '\n{"errors":' in self.text:
            return _reason(self.text)
        return ""


def _reason(text: str) -> str:
    """The end of Go's error, which quotes the whole URL before it."""
    found = re.search(r'(?:: |\\": )((?:dial|read|context|lookup|net/http|EOF)[^"\\]*)', text)
    return (found[1] if found else text[-LONGEST:].strip(' "}]\n'))[:LONGEST]


@dataclass(frozen=True)
class Target:
    """What to fetch. key: one word."""

    key: str
    address: str
    port: int
    path: str


def dial(key: str, through: str, to: str, port: int, request: str) -> Target:
    """Through the Pod at an address. request: its path, quoted; one that ends in %3D gets PAYLOAD letters more."""
    path = f"/dial?protocol=http&tries=1&host={to}&port={port}&request={request}"
    return Target(key, through, HTTP, path)


def fetch(peer: Peer, targets: Sequence[Target]) -> dict[str, Reply]:
    """The replies to a node by key; one for each target."""
    lines = "\n".join(f"{t.key} {t.address} {t.port} {t.path}" for t in targets)
    try:
        said = peer.ask(("sh", "-c", SCRIPT, "smoke-fetch", lines), timeout=EACH * (len(targets) + 3)).text
    except K8sbootError as error:
        return {t.key: Reply(1, 0, str(error)) for t in targets}
    found = dict(filter(None, map(_reply, said.splitlines())))
    return {t.key: found.get(t.key, Reply(1, 0, "the node's shell gave no answer")) for t in targets}


def _reply(line: str) -> tuple[str, Reply] | None:
    words = line.split(" ")
    status, size = (whole(words[1]), whole(words[2])) if len(words) == 4 else (None, None)
    if status is None or size is None:
        return None
    try:
        text = base64.b64decode(words[3], validate=True).decode("utf-8", "replace")
    except (binascii.Error, ValueError):
        return None
    return words[0], Reply(status, size, text)


def at_once(work: Mapping[str, Callable[[], T]]) -> dict[str, T]:
    """The results of these calls by name, made side by side."""
    if not work:
        return {}
    with ThreadPoolExecutor(max_workers=min(32, len(work))) as pool:
        futures = {name: pool.submit(call) for name, call in work.items()}
        return {name: future.result() for name, future in futures.items()}


def some(problems: Iterable[str], most: int = 6) -> str:
    """The first problems in one text, and the number of the others."""
    found = list(problems)
    more = [f"and {len(found) - most} more"] if len(found) > most else []
    return "; ".join([*found[:most], *more])
