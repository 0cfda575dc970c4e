"""Whether what a run did was in the plan that was made before it."""

from __future__ import annotations

import fnmatch
import functools
import re
import shlex
from collections.abc import Collection, Iterator, Sequence

from fake_shell import plain_words
from runs import Told

from k8sboot.events import Changed, Unknown

INSTALLS = ("apt-get", "yum")
VERBS = {"install", "downgrade"}
Place = tuple[str, str]


def surprises(planned: Told, done: Told) -> list[str]:
    """What was done and neither planned nor said to be unknown, each as 'HOST PHASE: what'."""
    foreseen = _by_place(planned)
    unknown = [event for event in planned.events if isinstance(event, Unknown)]
    return [
        f"{event.host} {event.phase}: {event.what}: {complaint}"
        for event in done.events
        if isinstance(event, Changed) and not _is_left_open(event, unknown)
        for complaint in _complaints(event, foreseen.get((event.host, event.phase), []))
    ]


def _by_place(planned: Told) -> dict[Place, list[Changed]]:
    found: dict[Place, list[Changed]] = {}
    for event in planned.events:
        if isinstance(event, Changed):
            found.setdefault((event.host, event.phase), []).append(event)
    return found


def _is_left_open(event: Changed, unknown: Sequence[Unknown]) -> bool:
    """A whole phase was said to be unknown, or the very thing, or the same with more packages."""
    said = {each.what for each in unknown if (each.host, each.phase) == (event.host, event.phase)}
    return any(not what or _is_part(_names(event.what), _names(what)) for what in said)


def _names(what: str) -> list[str]:
    """A verb and what it is done to; packages without their versions."""
    return [re.sub(r"=.*|-\d+:.*", "", word) for word in what.split()]


def _is_part(done: list[str], whole: Collection[str]) -> bool:
    return set(done) <= set(whole)


def _complaints(done: Changed, planned: Sequence[Changed]) -> Iterator[str]:
    """Each file with its difference, each command word by word; a plan may be of more than is done in the end."""
    if done.what.startswith("write "):
        texts = "".join(event.diff for event in planned)
        yield from (f"not planned: {part}" for part in _files(done.diff) if part not in texts)
    foreseen = [line for event in planned for line in event.commands]
    for line in done.commands:
        if line not in foreseen and not any(_is_covered(_words(line), _words(other)) for other in foreseen):
            yield f"not planned: {line}"


@functools.cache
def _words(line: str) -> tuple[str, ...]:
    return tuple(shlex.split(line))


def _files(diff: str) -> list[str]:
    """The diffs of single files."""
    lines = diff.splitlines(keepends=True)
    starts = [i for i, line in enumerate(lines) if line.startswith("--- ")] or [0]
    return ["".join(lines[a:b]) for a, b in zip(starts, [*starts[1:], len(lines)], strict=True)]


def _is_covered(done: tuple[str, ...], planned: tuple[str, ...]) -> bool:
    """The same command; of packages to install, some of those that were planned, at versions that fit."""
    if done == planned:
        return True
    verbs = VERBS & {*done}
    if plain_words([*done])[0] not in INSTALLS or not verbs or verbs != VERBS & {*planned}:
        return False
    options = [word for word in done if word.startswith("-")]
    if options != [word for word in planned if word.startswith("-")]:
        return False
    return all(any(fnmatch.fnmatchcase(word, pattern) for pattern in planned) for word in done)
