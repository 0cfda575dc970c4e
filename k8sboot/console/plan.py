"""A plan to be read: by phase, and hosts with the same before them together."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import IO

from rich.text import Text

from k8sboot.console.terminal import open_terminal
from k8sboot.plans import Change, Differing, Document, Open, Step
from k8sboot.text.sanitize import safe, safe_line
from k8sboot.text.short_command import short_command

NAMED = 4
"""Hosts. As many are named one by one; of more of them the first two and a number."""
LONGEST = 40
"""Lines of a file's diff that are shown unless all are asked for: Calico's manifest has thousands."""
_STYLES = {"+": "green", "-": "red", "@": "cyan"}


def show_plan(
    stream: IO[str],
    plan: Document,
    titles: Mapping[str, str],
    *,
    left_out: Mapping[str, str] | None = None,
    is_full: bool = False,
) -> str:
    """The plan as text, with colours where the stream can show them.

    titles: of phases, by name. left_out: why phases do not apply, by name. is_full: long diffs are not cut.
    """
    console = open_terminal(stream, os.environ).console
    with console.capture() as captured:
        for line in _lines(plan, titles, left_out or {}, is_full=is_full):
            console.print(line)
    return captured.get()


def _lines(
    plan: Document, titles: Mapping[str, str], left_out: Mapping[str, str], *, is_full: bool
) -> Iterator[Text]:
    head = f"Plan for {plan.cluster}: {_count(len(plan.hosts), 'host')}, {_count(len(plan.phases), 'phase')}"
    yield Text(safe_line(head), style="bold")
    for phase in plan.phases:
        steps = [step for step in plan.steps if step.phase == phase]
        if steps:
            yield Text()
            yield Text(safe_line(f"{phase}: {titles.get(phase, '').rstrip('.')}"), style="bold")
            yield from _Chapter(plan.hosts, is_full=is_full).lines(steps)
    yield Text()
    for why in dict.fromkeys(left_out.values()):
        phases = ", ".join(name for name in left_out if left_out[name] == why)
        yield Text(safe_line(f"- {phases}: does not apply, {why}"), style="dim")
    yield from _differing(plan.differs)
    for failure in plan.failed:
        said = f"! {failure.host} failed in {failure.phase}: {failure.what} [{failure.code}]"
        yield Text(safe_line(said), style="red")
    yield Text(summary(plan), style="bold")


def summary(plan: Document) -> str:
    """The plan in one line."""
    parts = []
    if plan.changes:
        parts.append(f"{_count(plan.changes, 'change')} on {_count(plan.changed_hosts, 'host')}")
    if plan.unknown:
        parts.append(f"{_count(plan.unknown, 'thing')} known only later")
    nothing = "no change planned" if plan.failed else "nothing would change"
    parts = parts or [nothing]
    if plan.differs:
        count = len(plan.differs)
        parts.append(
            f"{_count(count, 'value')} {'differs' if count == 1 else 'differ'} and `up` does not change that"
        )
    said = ", ".join(parts)
    return f"not complete: {said}" if plan.failed else said


def _differing(found: Sequence[Differing]) -> Iterator[Text]:
    if found:
        yield Text("differs from the inventory, and `up` does not change it: [KB-DIFFERS]", style="bold")
    for each in found:
        yield Text(f"  {safe_line(names(each.hosts))}", style="cyan")
        values = f"{each.where} has {each.cluster}, the inventory {each.inventory}"
        yield Text("    ! ", style="yellow").append(safe_line(f"{each.key}: {values}"), style="yellow")
        yield Text(f"      to change it: {safe_line(each.how)}", style="dim")
    if found:
        yield Text()


class _Chapter:
    """One phase. Hosts whose steps differ in nothing but their own names and addresses are shown as one."""

    def __init__(self, addresses: Mapping[str, str], *, is_full: bool) -> None:
        self._addresses = addresses
        self._is_full = is_full
        self._longest = sys.maxsize if is_full else LONGEST
        self._shown: dict[Change, str] = {}

    def lines(self, steps: Sequence[Step]) -> Iterator[Text]:
        for alike in self._groups(steps):
            yield Text(f"  {safe_line(names([step.host for step in alike]))}", style="cyan")
            yield from self._step(alike)

    def _groups(self, steps: Sequence[Step]) -> list[list[Step]]:
        groups: list[list[Step]] = []
        for step in steps:
            group = next((group for group in groups if self._are_alike(group[0], step)), None)
            groups.append([step]) if group is None else group.append(step)
        return groups

    def _are_alike(self, one: Step, other: Step) -> bool:
        if (one.unknown, len(one.changes)) != (other.unknown, len(other.changes)):
            return False
        pairs = zip(one.changes, other.changes, strict=True)
        return all(a == b or self._nameless(a, one.host) == self._nameless(b, other.host) for a, b in pairs)

    def _nameless(self, change: Change, host: str) -> list[str]:
        """The same without the host's own name and address."""
        texts = [change.what, change.diff, *change.commands]
        for own, word in ((self._addresses.get(host, ""), "{address}"), (host, "{name}")):
            if own:
                texts = [re.sub(rf"(?<![\w.-]){re.escape(own)}(?![\w.-])", word, text) for text in texts]
        return texts

    def _step(self, alike: Sequence[Step]) -> Iterator[Text]:
        first = alike[0]
        for index, change in enumerate(first.changes):
            is_own = any(step.changes[index] != change for step in alike)
            yield from self._change(change, first.host, is_own=is_own)
        yield from (_unknown(each) for each in first.unknown)

    def _change(self, change: Change, host: str, *, is_own: bool) -> Iterator[Text]:
        line = Text("    ~ ", style="yellow").append(safe_line(change.what))
        before = self._shown.setdefault(change, host)
        if before != host and (change.diff or change.commands):
            yield line.append(f" (as on {safe_line(before)})", style="dim")
            return
        yield line.append(" (the others their own name and address)", style="dim") if is_own else line
        for text in _cut(safe(change.diff).splitlines(), self._longest):
            yield Text(f"      {text}", style=_STYLES.get(text[:1], ""))
        yield from (
            Text(f"      $ {safe(command if self._is_full else short_command(command))}", style="dim")
            for command in change.commands
        )


def _cut(diff: Sequence[str], longest: int) -> Iterator[str]:
    """A diff of several files, of each of them so many lines."""
    starts = [index for index, line in enumerate(diff) if line.startswith("--- ")]
    for begin, end in zip([0, *starts], [*starts, len(diff)], strict=True):
        yield from diff[begin:end][:longest]
        if end - begin > longest:
            yield f"... and {end - begin - longest} more lines: all with -v, or -o json"


def _unknown(each: Open) -> Text:
    what = f"{safe_line(each.what)}: " if each.what else ""
    return Text("    ? ", style="yellow").append(
        f"{what}known only after {safe_line(each.after)}", style="yellow"
    )


def names(hosts: Sequence[str]) -> str:
    """'a, b' or 'a, b and 40 more'."""
    if len(hosts) <= NAMED:
        return ", ".join(hosts)
    return f"{', '.join(hosts[:2])} and {len(hosts) - 2} more"


def _count(number: int, thing: str) -> str:
    return f"{number} {thing}{'' if number == 1 else 's'}"
