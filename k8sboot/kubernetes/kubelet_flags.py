"""kubelet's environment file as systemd reads it, and the flags in it. Pure."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

VARIABLE = "KUBELET_EXTRA_ARGS"
_LINE = re.compile(rf"(?m)^[ \t]*{VARIABLE}[ \t]*=((?:\\\n|[^\n])*)$")
_OTHER = re.compile(r"(?m)^[ \t]*([A-Za-z_][A-Za-z0-9_]*)[ \t]*=")


@dataclass(frozen=True)
class KubeletFlag:
    """A flag of kubelet as it is written. name: without dashes. value: None for a flag without one."""

    words: tuple[str, ...]
    name: str
    value: str | None


def kubelet_flags(text: str) -> tuple[KubeletFlag, ...] | None:
    """The flags in the last assignment of an environment file; None without one. ValueError for an open quote."""
    found = _LINE.findall(text)
    if not found:
        return None
    return tuple(_flags(" ".join(shlex.split(found[-1].replace("\\\n", " "))).split()))


def flag(name: str, value: str) -> KubeletFlag:
    """A flag as k8sboot writes it."""
    return KubeletFlag((f"--{name}={value}",), name, value)


def without_flags(flags: Iterable[KubeletFlag], other: Iterable[KubeletFlag]) -> tuple[KubeletFlag, ...]:
    """The flags that do not stand in other with the same value."""
    known = {(each.name, each.value) for each in other}
    return tuple(each for each in flags if (each.name, each.value) not in known)


def with_flags(text: str, assignment: str) -> str:
    """The environment file with this line as its only assignment, where the last one was or at the end."""
    places = list(_LINE.finditer(text))
    if not places:
        return f"{text}\n{assignment}" if text and not text.endswith("\n") else text + assignment
    line = assignment.removesuffix("\n")
    for place in reversed(places[:-1]):
        text = text[: place.start()] + text[place.end() :].removeprefix("\n")
    last = list(_LINE.finditer(text))[-1]
    return text[: last.start()] + line + text[last.end() :]


def other_variables(text: str) -> frozenset[str]:
    """The names of the file's other variables."""
    return frozenset(_OTHER.findall(text)) - {VARIABLE}


def _flags(words: Sequence[str]) -> Iterable[KubeletFlag]:
    index = 0
    while index < len(words):
        head, sign, value = words[index].partition("=")
        name, behind = head.lstrip("-"), words[index + 1 : index + 2]
        if not sign and behind and not behind[0].startswith("-"):
            yield KubeletFlag((words[index], behind[0]), name, behind[0])
            index += 1
        else:
            yield KubeletFlag((words[index],), name, value if sign else None)
        index += 1
