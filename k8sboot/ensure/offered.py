"""The versions that the repositories offer, which a dry run may not know yet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from k8sboot import osfamily
from k8sboot.ensure.absence import absence
from k8sboot.host.host import Host
from k8sboot.host.peer import NotYet
from k8sboot.osfamily import Wanted
from k8sboot.osfamily.family import matches

SHOWN = 8
"""Versions on offer that an error lists."""


@dataclass(frozen=True)
class Offered:
    """versions: by package, newest first. known_after: the phase that has yet to read or select them, '' if known."""

    versions: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    known_after: str = ""

    def fitting(self, wanted: Wanted) -> list[str]:
        """The versions that fit, newest first."""
        return [v for v in self.versions.get(wanted.name, ()) if matches(v, wanted.version)]

    def missing(self, lacking: Sequence[Wanted]) -> list[str]:
        """The packages without a fitting version, with the available ones; none while nothing is known."""
        return [
            f"{w.name} {w.version} (available: {', '.join(self.versions.get(w.name, ())[:SHOWN]) or 'none'})"
            for w in lacking
            if not self.known_after and not self.fitting(w)
        ]

    def newest(self, host: Host, lacking: Sequence[Wanted]) -> dict[str, str]:
        """The newest fitting version of each package, a pattern while it is not known. Refused if one is missing."""
        if missing := self.missing(lacking):
            raise absence(host, [w for w in lacking if not self.fitting(w)], missing, self.versions)
        return {w.name: _pattern(w.version) if self.known_after else self.fitting(w)[0] for w in lacking}

    def known(self) -> Offered:
        """The same. Raises NotYet in a dry run that does not know it yet."""
        if self.known_after:
            raise NotYet(self.known_after)
        return self


def offered(host: Host, lacking: Sequence[Wanted]) -> Offered:
    """The available versions of the packages, from current package lists.

    For optional packages alone the lists are not read again: a missing one would cause that in every run.
    """
    family, names = osfamily.of(host), tuple(w.name for w in lacking)
    needed = [w for w in lacking if not w.is_optional]
    if needed and host.answer(family.lists_are_fresh).exit_status:
        family.refresh(host)
        return _candidates(host, names)
    if chosen_by := next((w.chosen_by for w in needed if w.chosen_by), ""):
        return _to_be_chosen(host, chosen_by)
    found = _candidates(host, names)
    if found.missing(needed):
        family.refresh(host)
        found = _candidates(host, names)
    return found


def _candidates(host: Host, names: tuple[str, ...]) -> Offered:
    """The versions in the lists on the host; a dry run that plans to read them continues with patterns."""
    family = osfamily.of(host)
    found = {} if host.planned_by(family.lists_are_fresh) else family.candidates(host, names)
    return Offered(found, known_after=host.planned_by(family.lists_are_fresh))


def _to_be_chosen(host: Host, chosen_by: str) -> Offered:
    """It is unknown whether the version to be selected is in the lists, and so whether they are read again."""
    read_by = host.planned_by(osfamily.of(host).lists_are_fresh)
    if not read_by:
        host.report_unknown("read the package lists", after=chosen_by)
    return Offered(known_after=read_by or chosen_by)


def _pattern(version: str) -> str:
    return version[2:] if version.startswith("==") else f"*{version.lstrip('=')}*" if version else "*"
