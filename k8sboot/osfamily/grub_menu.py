"""Parse grub.cfg: the entries of a boot menu, and the one that boots by default. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

_OPENS = re.compile(r"""(menuentry|submenu)\s+(?:'([^']*)'|"([^"]*)").*\{$""")
_ID = re.compile(r"""(?:\$menuentry_id_option|--id)\s+'?([^'\s{]+)""")
_LINUX = re.compile(r"linux(?:16|efi)?\s+\S*/vmlinuz-(\S+)")
_DEFAULT = re.compile(r'^[ \t]*set default="(.*)"$', re.MULTILINE)


@dataclass
class MenuEntry:
    """An entry or a submenu. name: what grub-reboot accepts, with its submenu first. release: the kernel's, or ''."""

    name: str
    title: str
    release: str = ""
    inner: list[MenuEntry] = field(default_factory=list)


def entries(grub_cfg: str) -> list[MenuEntry]:
    """The menu as a tree, in order."""
    top = MenuEntry("", "")
    stack = [top]
    for raw in grub_cfg.splitlines():
        line = raw.strip()
        opening, kernel = _OPENS.match(line), _LINUX.match(line)
        if opening:
            title = opening.group(2) or opening.group(3) or ""
            found_id = _ID.search(line)
            own = found_id.group(1) if found_id else title
            entry = MenuEntry(f"{stack[-1].name}>{own}".lstrip(">"), title)
            stack[-1].inner.append(entry)
            stack.append(entry)
        elif kernel and len(stack) > 1:
            stack[-1].release = stack[-1].release or kernel.group(1)
        elif line == "}" and len(stack) > 1:
            stack.pop()
    return top.inner


def entry_of(grub_cfg: str, release: str) -> str:
    """The name of the entry that boots exactly this kernel, not in recovery mode; '' if there is none.

    A more exact entry is preferred to the menu's first one, which always boots the newest kernel.
    """
    found = [
        e.name for e in _flat(entries(grub_cfg)) if e.release == release and "recovery" not in e.name.lower()
    ]
    exact = [name for name in found if release in name]
    return next(iter((*exact, *found)), "")


def default_is_saved(grub_cfg: str) -> bool:
    """Whether the menu boots grub's saved entry."""
    return _default(grub_cfg) == "${saved_entry}"


def default_release(grub_cfg: str, saved_entry: str) -> str:
    """The kernel that boots by default; '' if the menu does not determine it."""
    wanted = _default(grub_cfg)
    if wanted == "${saved_entry}":
        wanted = saved_entry
    level, chosen = entries(grub_cfg), None
    for part in (wanted or "0").split(">"):
        chosen = _pick(level, part)
        if chosen is None:
            return ""
        level = chosen.inner
    return chosen.release if chosen else ""


def _default(grub_cfg: str) -> str:
    head = re.split(r"^[ \t]*(?:menuentry|submenu)\s", grub_cfg, maxsplit=1, flags=re.MULTILINE)[0]
    values = [value for value in _DEFAULT.findall(head) if value != "${next_entry}"]
    return values[-1] if values else "0"


def _pick(level: Sequence[MenuEntry], part: str) -> MenuEntry | None:
    if part.isdecimal() and len(part) < 6:
        return level[int(part)] if int(part) < len(level) else None
    return next((e for e in level if part in (e.name.rpartition(">")[2], e.title)), None)


def _flat(level: Sequence[MenuEntry]) -> Iterator[MenuEntry]:
    waiting = [*reversed(level)]  # no recursion: a file may open submenus without an end
    while waiting:
        entry = waiting.pop()
        yield entry
        waiting += reversed(entry.inner)
