"""Packages installed at the wanted versions and held there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from k8sboot import osfamily
from k8sboot.errors import Refused
from k8sboot.host import Host
from k8sboot.osfamily import Wanted
from k8sboot.osfamily.family import matches

Offered = Mapping[str, tuple[str, ...]]


def packages(host: Host, *wanted: Wanted) -> None:
    """The packages are installed at versions that are wanted, and those to be held are held.

    What a cut transaction left is repaired. What is missing is looked up in freshly read lists and installed in
    one transaction.
    """
    family = osfamily.of(host)
    lacking = _lacking(host, wanted)
    if family.is_broken(host):
        family.refresh(host)
        lacking = _lacking(host, wanted)
    if lacking:
        offered = _offered(host, lacking)
        lacking = _obtainable(host, lacking, offered)
        if lacking:
            newest = _newest(host, lacking, offered)
            family.install(host, {w.name: newest[w.name] if w.version else "" for w in lacking})
            _look_again(host, lacking)
    loose = family.loose(host, tuple(w.name for w in wanted if w.is_held))
    if loose:
        family.hold(host, loose)


def choose(host: Host, *wanted: Wanted) -> dict[str, str]:
    """The whole version of each package to take: the installed one where it fits, else the newest on offer.

    In a dry run that has yet to read the lists, a pattern.
    """
    installed = {w.name: host.package(w.name) for w in wanted if w.is_met_by(host.package(w.name))}
    lacking = [w for w in wanted if w.name not in installed]
    newest = _newest(host, lacking, _offered(host, lacking)) if lacking else {}
    return {w.name: installed.get(w.name) or newest[w.name] for w in wanted}


def _lacking(host: Host, wanted: Sequence[Wanted]) -> list[Wanted]:
    return [w for w in wanted if not w.is_met_by(host.package(w.name))]


def _offered(host: Host, lacking: Sequence[Wanted]) -> Offered:
    """What can be installed, from lists that are fresh.

    For optional packages alone the lists are not read anew: where there is no such package, that would never end.
    """
    family, names = osfamily.of(host), tuple(w.name for w in lacking)
    needed = [w for w in lacking if not w.is_optional]
    if needed and not host.is_ahead and host.answer(family.lists_are_fresh).exit_status:
        family.refresh(host)
        return family.candidates(host, names)
    offered = family.candidates(host, names)
    if _refused(needed, offered):
        family.refresh(host)
        offered = family.candidates(host, names)
    return offered


def _obtainable(host: Host, lacking: list[Wanted], offered: Offered) -> list[Wanted]:
    """Without the optional ones that no repository has."""
    absent = [w.name for w in lacking if w.is_optional and not _fitting(w, offered)]
    if not absent or host.is_ahead:
        return lacking
    host.notice("KB-PACKAGE-ABSENT", f"no repository has {', '.join(absent)}: left out")
    return [w for w in lacking if w.name not in absent]


def _fitting(wanted: Wanted, offered: Offered) -> list[str]:
    return [v for v in offered.get(wanted.name, ()) if matches(v, wanted.version)]


def _refused(lacking: Sequence[Wanted], offered: Offered) -> list[str]:
    """What is not offered, and what is in its place."""
    return [
        f"{w.name} {w.version} (on offer: {', '.join(offered.get(w.name, ())[:8]) or 'nothing'})"
        for w in lacking
        if not _fitting(w, offered)
    ]


def _newest(host: Host, lacking: Sequence[Wanted], offered: Offered) -> dict[str, str]:
    """The newest version on offer that is wanted of each package; a pattern where the lists are still to be read."""
    refused = _refused(lacking, offered)
    if refused and host.is_ahead:
        return {w.name: f"{w.version.lstrip('=')}*" for w in lacking}
    if refused:
        raise Refused(
            f"the repositories do not have {'; '.join(refused)}",
            why="every machine gets the version that the first master chose"
            if any(w.version.startswith("==") for w in lacking)
            else "",
            fix="look at os.repositories, runtime and cluster.kubernetesVersion in the inventory",
            host=host.name,
            code="KB-PACKAGE-MISSING",
        )
    return {w.name: _fitting(w, offered)[0] for w in lacking}


def _look_again(host: Host, lacking: Sequence[Wanted]) -> None:
    host.expect(
        "the packages to be installed",
        lambda: " ".join(f"{w.name} {w.version}" for w in lacking if not w.is_met_by(host.package(w.name))),
    )
