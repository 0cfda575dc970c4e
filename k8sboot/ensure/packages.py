"""Packages installed at the wanted versions and held there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from k8sboot import osfamily
from k8sboot.errors import Refused
from k8sboot.host.host import Host
from k8sboot.host.peer import NotYet
from k8sboot.host.snapshot import from_to
from k8sboot.osfamily import Wanted
from k8sboot.osfamily.family import matches

Offered = Mapping[str, tuple[str, ...]]


def packages(host: Host, *wanted: Wanted) -> None:
    """The packages are installed at versions that are wanted, and those to be held are held.

    What a cut transaction left is repaired. What is missing is looked up in freshly read lists and installed in
    one transaction.
    """
    family = osfamily.of(host)
    _leave_open(host, wanted)
    lacking = _lacking(host, wanted)
    if family.is_broken(host):
        family.refresh(host)
        lacking = _lacking(host, wanted)
    if lacking:
        offered = _offered(host, lacking)
        lacking = _obtainable(host, lacking, offered)
        if lacking:
            _install(host, lacking, _newest(host, lacking, offered))
    _hold(host, tuple(w.name for w in wanted if w.is_held))


def _leave_open(host: Host, wanted: Sequence[Wanted]) -> None:
    """What is there may be another version than the one that is yet to be chosen."""
    there = [w for w in wanted if w.chosen_by and w.is_met_by(host.package(w.name))]
    if there:
        names = " ".join(w.name for w in there)
        host.leave_open(f"install {names}", after=there[0].chosen_by)
        host.leave_open(f"hold {names}", after=there[0].chosen_by)


def _install(host: Host, lacking: Sequence[Wanted], newest: Mapping[str, str]) -> None:
    diff = "".join(_move(host, each, newest[each.name]) for each in lacking)
    versions = {w.name: newest[w.name] if w.version or w.chosen_by else "" for w in lacking}
    osfamily.of(host).install(host, versions, diff=diff)
    _look_again(host, lacking)
    host.foresee(packages={w.name: newest[w.name] for w in lacking})


def _move(host: Host, wanted: Wanted, version: str) -> str:
    """From which version to which; a dry run may know the latter only after lists have been read."""
    after = wanted.chosen_by or host.foreseen(osfamily.of(host).lists_are_fresh)
    then = wanted.version.lstrip("=") or "newest"
    said = f"{then} (exact version known only after {after})" if "*" in version else version
    return from_to(wanted.name, host.package(wanted.name) or "not installed", said)


def _hold(host: Host, names: tuple[str, ...]) -> None:
    family = osfamily.of(host)
    try:
        loose = family.loose(host, names) if names else ()
    except NotYet as unknown:
        host.leave_open(f"hold {' '.join(names)}", after=unknown.after)
        return
    if loose:
        family.hold(host, loose)


def choose(host: Host, *wanted: Wanted) -> dict[str, str]:
    """The whole version of each package to take: the installed one where it fits, else the newest on offer.

    NotYet in a dry run that has yet to read the lists.
    """
    installed = {w.name: host.package(w.name) for w in wanted if w.is_met_by(host.package(w.name))}
    lacking = [w for w in wanted if w.name not in installed]
    offered = _offered(host, lacking) if lacking else {}
    if offered is None:
        raise NotYet(host.foreseen(osfamily.of(host).lists_are_fresh))
    newest = _newest(host, lacking, offered)
    return {w.name: installed.get(w.name) or newest[w.name] for w in wanted}


def _lacking(host: Host, wanted: Sequence[Wanted]) -> list[Wanted]:
    return [w for w in wanted if not w.is_met_by(host.package(w.name))]


def _offered(host: Host, lacking: Sequence[Wanted]) -> Offered | None:
    """What can be installed, from lists that are fresh; None in a dry run that has yet to read them, or to choose.

    For optional packages alone the lists are not read anew: where there is no such package, that would never end.
    """
    family, names = osfamily.of(host), tuple(w.name for w in lacking)
    needed = [w for w in lacking if not w.is_optional]
    if needed and host.answer(family.lists_are_fresh).exit_status:
        family.refresh(host)
        return _candidates(host, names)
    chosen_by = next((w.chosen_by for w in needed if w.chosen_by), "")
    if chosen_by:
        if not host.foreseen(family.lists_are_fresh):
            host.leave_open("read the package lists", after=chosen_by)
        return None
    offered = _candidates(host, names)
    if offered is not None and _refused(needed, offered):
        family.refresh(host)
        offered = _candidates(host, names)
    return offered


def _candidates(host: Host, names: tuple[str, ...]) -> Offered | None:
    family = osfamily.of(host)
    offered = {} if host.foreseen(family.lists_are_fresh) else family.candidates(host, names)
    return None if host.foreseen(family.lists_are_fresh) else offered


def _obtainable(host: Host, lacking: list[Wanted], offered: Offered | None) -> list[Wanted]:
    """Without the optional ones that no repository has."""
    absent = [w.name for w in lacking if w.is_optional and not _fitting(w, offered or {})]
    if not absent or offered is None:
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


def _newest(host: Host, lacking: Sequence[Wanted], offered: Offered | None) -> dict[str, str]:
    """The newest version on offer that is wanted of each package; a pattern where the lists are still to be read."""
    if offered is None:
        return {w.name: _pattern(w.version) for w in lacking}
    refused = _refused(lacking, offered)
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


def _pattern(version: str) -> str:
    return version[2:] if version.startswith("==") else f"*{version.lstrip('=')}*" if version else "*"


def _look_again(host: Host, lacking: Sequence[Wanted]) -> None:
    host.expect(
        "the packages to be installed",
        lambda: " ".join(f"{w.name} {w.version}" for w in lacking if not w.is_met_by(host.package(w.name))),
    )
