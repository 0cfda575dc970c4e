"""The status of a cluster as people read it: tables, one line for each further fact, then what is wrong."""

from __future__ import annotations

import os
import textwrap
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import IO, Any

from rich.live import Live
from rich.text import Text

from k8sboot.console.failures import without_host
from k8sboot.console.terminal import Terminal, open_terminal
from k8sboot.text.listing import listed
from k8sboot.text.sanitize import safe_line

NAMED = 6
LABEL = 14
"""Columns for the names of single facts."""
NARROWEST = 8
"""Columns to which a column of a table may be cut."""
DAY, HOUR, MINUTE = 86400, 3600, 60
_STYLES = {
    "Ready": "green",
    "ready": "green",
    "leader": "bold",
    "healthy": "bold green",
    "NotReady": "bold red",
    "not ready": "bold red",
    "not joined": "red",
    "not responding": "bold red",
    "no leader": "bold red",
    "unknown": "yellow",
}
Document = Mapping[str, Any]
Row = Sequence[str]


def show_status(stream: IO[str], document: Document) -> str:
    """The status as text, with colours where the stream can show them, in its width."""
    console = open_terminal(stream, os.environ).console
    with console.capture() as captured:
        for line in (*_tables(document, console.width), *_findings(document, console.width)):
            console.print(line)
    return captured.get()


def brief_lines(document: Document) -> list[str]:
    """The status in one line, and one for each finding: for a log."""
    when = document["time"]
    lines = [f"{when} {_headline(document)}"]
    found = _all_findings(document)
    return [safe_line(line) for line in (*lines, *(f"{when} {_kind(f, document)}{_short(f)}" for f in found))]


class Screen:
    """One screen that is redrawn in place; off a terminal, a few lines for each status."""

    def __init__(self, stream: IO[str]) -> None:
        self._stream = stream
        self._terminal: Terminal = open_terminal(stream, os.environ)
        self._live = Live(console=self._terminal.console, auto_refresh=False, vertical_overflow="crop")

    def __enter__(self) -> Screen:
        if self._terminal.is_live:
            self._live.start()
            self._terminal.console.show_cursor(True)
        return self

    def __exit__(self, *_: object) -> None:
        if self._terminal.is_live:
            self._live.stop()

    def show(self, document: Document, footer: str) -> None:
        """Show a newer status."""
        if not self._terminal.is_live:
            for line in brief_lines(document):
                print(line, file=self._stream, flush=True)  # noqa: T201
            return
        console = self._terminal.console
        when = Text(safe_line(f"{document['time'][11:19]} UTC, {footer}"), style="dim")
        lines = [*_screen(document, console.width)][: max(1, console.height - 2)]
        self._live.update(Text("\n", no_wrap=True).join([*lines, when]), refresh=True)


def _screen(document: Document, width: int) -> Iterator[Text]:
    """What is wrong comes first: a screen that is too small cuts off its end."""
    head, *tables = _tables(document, width)
    yield head
    for finding in _all_findings(document):
        line = Text(
            safe_line(_short(finding)), style="yellow" if _kind(finding, document) == "warning" else "red"
        )
        line.truncate(width, overflow="ellipsis")
        yield line
    yield from tables


def _tables(document: Document, width: int) -> Iterator[Text]:
    yield Text(safe_line(_headline(document)), style="bold green" if document["healthy"] else "bold red")
    yield Text()
    yield from _table(
        ("NODE", "STATE", "ROLE", "KUBELET", "RUNTIME", "PROXY"), map(_node, document["nodes"]), width
    )
    if document["controlPlane"]:
        yield Text()
        masters = [_master(each, document) for each in document["controlPlane"]]
        yield from _table(("CONTROL PLANE", "API SERVER", "ETCD", "LEADS"), masters, width)
    if document["addOns"]:
        yield Text()
        rows = [_add_on(each) for each in document["addOns"] if each["wanted"]]
        yield from _table(("ADD-ON", "VERSION", "READY"), rows, width)
    yield Text()
    for label, words in _facts(document):
        yield from _fact(label, words, width)


def _headline(document: Document) -> str:
    counts = [
        f"{len(document[key])} {key[:-1] if len(document[key]) == 1 else key}"
        for key in ("problems", "warnings")
        if document[key]
    ]
    state = ", ".join(([] if document["problems"] else ["healthy"]) + counts)
    about = f"Kubernetes {document['kubernetes']}" if document["kubernetes"] else ""
    by = f"by {document['answeredBy']}" if document["answeredBy"] else "no API server answers"
    return f"{document['cluster']}: {state}; {', '.join(filter(None, (about, by)))} ({document['seconds']:.1f} s)"


def _node(node: Document) -> Row:
    state = node["state"] + (", cordoned" if node["cordoned"] else "")
    if node["responds"] is False:
        state = "not responding" if node["state"] == "unknown" else f"{state}, no SSH"
    roles = ["master" if role in ("control-plane", "master") else role for role in node["roles"]]
    role = ",".join(dict.fromkeys(roles)) or node["inventoryRole"] or "node"
    return node["name"], state, role, node["kubelet"] or "-", node["runtime"] or "-", node["proxyMode"] or "-"


def _master(master: Document, document: Document) -> Row:
    member = next((m for m in document["etcd"]["members"] if m["name"] == master["name"]), None)
    leads = [name.removeprefix("kube-") for name in master["leads"]]
    api = master["apiServer"] if master["responds"] else "not responding"
    etcd = "-"
    if member:
        etcd = member["state"] + (f", {member['bytes'] / (1 << 20):.1f} MiB" if member["bytes"] else "")
    return master["name"], api, etcd, ", ".join(leads) or "-"


def _add_on(each: Document) -> Row:
    note = ", being replaced" if not each["settled"] and each["ready"] == each["wanted"] else ""
    return each["name"], each["version"] or "-", f"{each['ready']}/{each['wanted']}{note}"


def _facts(document: Document) -> Iterator[tuple[str, str]]:
    if document["etcd"]["members"]:
        yield "etcd", _etcd(document["etcd"])
    for each in document["notReady"]:
        event = f" ({each['lastEvent']})" if each["lastEvent"] else ""
        yield "not ready", f"{each['pod']} on {each['node'] or 'no node'}: {each['reason']}{event}"
    if document["certificates"]:
        yield "certificates", _certificates(document["certificates"])
    if document["answeredBy"]:
        tokens = [t for t in document["joinTokens"] if t["joins"]]
        yield "join tokens", "; ".join(map(_token, tokens)) or "none"
    if run := document["lastChange"]:
        when = run["began"].replace("T", " ").removesuffix("Z")[:16]
        words = f"{run['command']} of {when} UTC, {run['changes']} changes, {run['result']}"
        yield "last change", f"{words}; `k8sboot history {run['run']}`"
    for each in document["active"]:
        what = [f"job {', '.join(each['jobs'])}"] if each["jobs"] else []
        what += [f"held by {each['heldBy']}"] if each["heldBy"] else []
        yield "active", f"{each['host']}: {'; '.join(what)}"
    if document["notAsked"]:
        yield "not asked", listed(document["notAsked"], NAMED)


def _etcd(etcd: Document) -> str:
    has = {True: "has a quorum", False: "has no quorum", None: "its quorum is not known"}[etcd["hasQuorum"]]
    versions = sorted({m["version"] for m in etcd["members"] if m["version"]})
    about = f"{has}, {etcd['responding']} of {len(etcd['members'])} members respond, {etcd['quorum']} needed"
    return f"{', '.join(versions)} {about}".strip()


def _certificates(found: Sequence[Document]) -> str:
    first = min(found, key=lambda each: each["ends"])
    name = first["path"].rpartition("/")[2]
    left = f"{first['daysLeft']} days left" if first["daysLeft"] >= 0 else "EXPIRED"
    return f"{left}: {name} on {first['host']}, {first['ends'][:10]} (the first of {len(found)})"


def _token(token: Document) -> str:
    return f"{token['id']} {_left(token['daysLeft'])}"


def _left(days: float | None) -> str:
    if days is None:
        return "never expires"
    seconds = days * DAY
    if seconds >= 2 * DAY:
        return f"{days:.0f} days left"
    return f"{seconds / HOUR:.0f} h left" if seconds >= 2 * HOUR else f"{seconds / MINUTE:.0f} min left"


def _all_findings(document: Document) -> list[Document]:
    return [*document["problems"], *document["warnings"]]


def _kind(finding: Document, document: Document) -> str:
    return "warning" if finding in document["warnings"] else "problem"


def _short(finding: Document) -> str:
    """In one line, whose end may be cut off."""
    host = f" {finding['host']}:" if finding["host"] else ""
    return f"[{finding['code']}]{host} {finding['what']}: {finding['why']}"


def _findings(document: Document, width: int) -> Iterator[Text]:
    """All in full; those that differ only in their hosts together."""
    for kind, style in (("problem", "bold red"), ("warning", "bold yellow")):
        for alike in _grouped(document[f"{kind}s"]):
            first = alike[0]
            hosts = listed([f["host"] for f in alike if f["host"]], NAMED)
            what = f"{hosts}: {first['what']}" if hosts else first["what"]
            yield Text()
            head = f"{kind}[{first['code']}]"
            for index, line in enumerate(_wrapped(f"{head} {what}", width, "  ")):
                text = Text(line, style="bold")
                if index == 0:
                    text.stylize(style, 0, len(head))
                yield text
            for label in ("why", "fix"):
                told = without_host(first[label], first["host"]) if len(alike) > 1 else first[label]
                if told:
                    yield from map(Text, _wrapped(f"  {label}: {told}", width, "       "))
            yield Text(f"  more: k8sboot explain {first['code']}", style="dim")


def _grouped(found: Iterable[Document]) -> list[list[Document]]:
    groups: dict[tuple[str, ...], list[Document]] = {}
    for each in found:
        texts = (without_host(each[key], each["host"]) for key in ("what", "why", "fix"))
        groups.setdefault((each["code"], *texts), []).append(each)
    return list(groups.values())


def _fact(label: str, words: str, width: int) -> Iterator[Text]:
    for index, line in enumerate(
        _wrapped(f"{label:<{LABEL}}{safe_line(words)}", width, " " * LABEL, is_clean=True)
    ):
        text = Text(line)
        if index == 0:
            text.stylize("dim", 0, len(label))
        yield text


def _wrapped(text: str, width: int, indent: str, *, is_clean: bool = False) -> list[str]:
    """Lines of at most that width; words that are longer stand alone."""
    lead = text[: len(text) - len(text.lstrip())]
    clean = text if is_clean else lead + safe_line(text)
    return textwrap.wrap(
        clean, max(width, 40), subsequent_indent=indent, break_long_words=False, break_on_hyphens=False,
        replace_whitespace=False, drop_whitespace=True,
    ) or [""]  # fmt: skip


def _table(head: Row, rows: Iterable[Row], width: int) -> Iterator[Text]:
    cells = [tuple(map(safe_line, row)) for row in (head, *rows)]
    widths = _fitting([max(map(len, column)) for column in zip(*cells, strict=True)], width)
    for index, row in enumerate(cells):
        line = Text(style="dim" if index == 0 else "", no_wrap=True)
        for cell, size in zip(row, widths, strict=True):
            cut = cell if len(cell) <= size else cell[: size - 1] + "…"
            line.append(f"{cut:<{size}}", style=_style(cell) if index else "")
            line.append("  ")
        line.rstrip()
        yield line


def _style(cell: str) -> str:
    return _STYLES.get(cell.partition(",")[0], "")


def _fitting(widths: list[int], width: int) -> list[int]:
    """The widths, the widest cut until all columns fit."""
    found = list(widths)
    while sum(found) + 2 * (len(found) - 1) > width and max(found) > NARROWEST:
        found[found.index(max(found))] -= 1
    return found
