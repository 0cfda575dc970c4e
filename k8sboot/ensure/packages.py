"""Install packages at the required versions, and hold them there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from k8sboot import osfamily
from k8sboot.ensure.harm import refuse_harm, to_downgrade, to_replace
from k8sboot.ensure.offered import Offered, offered
from k8sboot.host.host import Host
from k8sboot.host.peer import NotYet
from k8sboot.host.snapshot import from_to
from k8sboot.osfamily import Wanted
from k8sboot.osfamily.family import upstream


def packages(host: Host, *wanted: Wanted) -> None:
    """Install the packages at the required versions, and hold those that must not change.

    An interrupted package transaction is repaired first. All missing packages are installed in one transaction, from
    current package lists.
    """
    family = osfamily.of(host)
    _report_unchosen(host, wanted)
    lacking = _lacking(host, wanted)
    if family.is_broken(host):
        family.refresh(host)
        lacking = _lacking(host, wanted)
    if lacking:
        following = _following(host, wanted, lacking)
        found = offered(host, [*lacking, *following])
        lacking = _obtainable(host, lacking, found)
        if lacking:
            _install(host, [*lacking, *_newer(host, following, found)], found)
    _hold(host, tuple(w.name for w in wanted if w.is_held))


def choose(host: Host, *wanted: Wanted) -> dict[str, str]:
    """The full version of each package to install: the installed one if it fits, else the newest available."""
    installed = {w.name: host.package(w.name) for w in wanted if w.is_met_by(host.package(w.name))}
    lacking = [w for w in wanted if w.name not in installed]
    newest = offered(host, lacking).known().newest(host, lacking) if lacking else {}
    return {w.name: installed.get(w.name) or newest[w.name] for w in wanted}


def version_to_come(host: Host, wanted: Wanted, files: Sequence[str]) -> str:
    """The upstream version that packages() leaves on the host; '' while a dry run does not know it.

    files: those that depend on it, which such a dry run reports.
    """
    if wanted.is_met_by(host.package(wanted.name)):
        return upstream(host.package(wanted.name))
    if wanted.version.startswith("=") or not files:
        return upstream(wanted.version.lstrip("="))
    found = Offered(known_after=wanted.chosen_by) if wanted.chosen_by else offered(host, [wanted])
    if found.known_after:
        for path in files:
            host.report_unknown(f"write {path}", after=found.known_after)
        return ""
    return upstream(found.newest(host, [wanted])[wanted.name])


def _lacking(host: Host, wanted: Sequence[Wanted]) -> list[Wanted]:
    return [w for w in wanted if not w.is_met_by(host.package(w.name))]


def _following(host: Host, wanted: Sequence[Wanted], lacking: Sequence[Wanted]) -> list[Wanted]:
    """The installed packages that follow those that change. Optional: without another version they stay."""
    changing = {w.name for w in lacking}
    return [
        replace(w, is_optional=True)
        for w in wanted
        if w.name not in changing and changing.intersection(w.follows) and host.package(w.name)
    ]


def _newer(host: Host, following: Sequence[Wanted], found: Offered) -> list[Wanted]:
    """Those for which a newer version is offered, as far as that is known."""
    there = [w for w in following if found.known_after or found.fitting(w)]
    newest = found.newest(host, there)
    return [w for w in there if found.known_after or _is_newer(host, w.name, newest[w.name])]


def _is_newer(host: Host, name: str, version: str) -> bool:
    installed = host.package(name)
    return version != installed and not osfamily.of(host).is_older(version, installed)


def _report_unchosen(host: Host, wanted: Sequence[Wanted]) -> None:
    """In a dry run, the installed version may differ from the one that has yet to be selected."""
    there = [w for w in wanted if w.chosen_by and w.is_met_by(host.package(w.name))]
    if there:
        names = " ".join(w.name for w in there)
        host.report_unknown(f"install {names}", after=there[0].chosen_by)
        host.report_unknown(f"hold {names}", after=there[0].chosen_by)


def _obtainable(host: Host, lacking: list[Wanted], found: Offered) -> list[Wanted]:
    """The packages without optional ones that no repository has."""
    absent = [w.name for w in lacking if w.is_optional and found.missing([w])]
    if absent:
        host.notice("KB-PACKAGE-ABSENT", f"no repository has {', '.join(absent)}: skipped")
    return [w for w in lacking if w.name not in absent]


def _install(host: Host, lacking: Sequence[Wanted], found: Offered) -> None:
    family, newest = osfamily.of(host), found.newest(host, lacking)
    versions = {w.name: newest[w.name] if w.version or w.chosen_by else "" for w in lacking}
    older = to_downgrade(host, lacking, versions)
    replaced = to_replace(host, lacking)
    if not found.known_after:
        refuse_harm(host, family.outcome(host, versions), versions, told=(*older, *replaced))
    diff = "".join(_move(host, each, newest[each.name], found) for each in lacking)
    diff += "".join(from_to(name, host.package(name), "removed") for name in replaced)
    family.install(host, versions, diff=diff, removes=bool(replaced), downgrades=bool(older))
    host.expect(
        "the packages to be installed",
        lambda: " ".join(f"{w.name} {w.version}" for w in lacking if not w.is_met_by(host.package(w.name))),
    )
    host.assume(packages={w.name: newest[w.name] for w in lacking})  # later steps of a dry run build on it


def _move(host: Host, wanted: Wanted, version: str, found: Offered) -> str:
    """The diff line of one package: its version now and then."""
    then = wanted.version.lstrip("=") or "newest"
    after = wanted.chosen_by or found.known_after
    said = f"{then} (exact version known only after {after})" if "*" in version else version
    return from_to(wanted.name, host.package(wanted.name) or "not installed", said)


def _hold(host: Host, names: tuple[str, ...]) -> None:
    family = osfamily.of(host)
    try:
        loose = family.loose(host, names) if names else ()
    except NotYet as unknown:  # what holds packages is itself to be installed; the rest of the phase is known
        host.report_unknown(f"hold {' '.join(names)}", after=unknown.after)
        return
    if loose:
        family.hold(host, loose)
