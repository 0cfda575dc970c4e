"""Repositories known, and packages installed at the wanted versions and held there."""

from __future__ import annotations

from pathlib import Path

from k8sboot import osfamily
from k8sboot.ensure.files import file, files
from k8sboot.errors import Refused
from k8sboot.host import Host
from k8sboot.inventory.model import Repository
from k8sboot.osfamily import Wanted
from k8sboot.osfamily.family import matches


def repository(host: Host, name: str, wanted: Repository) -> None:
    """The package manager knows the repository and trusts just its key for it."""
    family = osfamily.of(host)
    if wanted.key:
        _key(host, family.key_path(name), wanted.key)
    files(host, family.repository_file(host, name, wanted))


def _key(host: Host, path: str, source: str) -> None:
    if "://" not in source:
        file(host, path, Path(source).read_text(encoding="utf-8"))
    elif host.file(path) is None:
        fetched = f"{path}.new"
        host.change(
            f"fetch the signing key {source}",
            ["mkdir", "-p", "-m", "0755", str(Path(path).parent)],
            osfamily.of(host).download(source, fetched),
            ["grep", "-q", "BEGIN PGP PUBLIC KEY BLOCK", fetched],
            ["chmod", "0644", fetched],
            ["mv", "-fT", fetched, path],
            timeout=120,
        )


def packages(host: Host, *wanted: Wanted) -> None:
    """The packages are installed at versions that are wanted, and those to be held are held.

    What is missing is looked up in freshly read lists and installed in one transaction. An optional version
    is a prefix; an exact one starts with '='.
    """
    lacking = [w for w in wanted if not w.is_met_by(host.package(w.name))]
    family = osfamily.of(host)
    if lacking:
        if host.broken_packages or host.answer(family.lists_are_fresh).exit_status or _refused(host, lacking):
            family.refresh(host)
        family.install(host, _choose(host, lacking))
        _look_again(host, lacking)
    loose = tuple(w.name for w in wanted if w.is_held and not host.package_is_held(w.name))
    if loose:
        family.hold(host, loose)


def _refused(host: Host, lacking: list[Wanted]) -> list[str]:
    """What the lists as they are do not offer."""
    offered = osfamily.of(host).candidates(host, tuple(w.name for w in lacking))
    return [
        f"{w.name} {w.version} (on offer: {', '.join(offered.get(w.name, ())[:8]) or 'nothing'})"
        for w in lacking
        if not any(matches(v, w.version) for v in offered.get(w.name, ()))
    ]


def _choose(host: Host, lacking: list[Wanted]) -> dict[str, str]:
    """The newest version on offer that is wanted of each package; a pattern where the lists are still to be read."""
    refused = _refused(host, lacking)
    if refused and host.is_ahead:
        return {w.name: f"{w.version.removeprefix('=')}*" if w.version else "" for w in lacking}
    if refused:
        raise Refused(
            f"the repositories do not have {'; '.join(refused)}",
            fix="look at os.repositories, runtime and cluster.kubernetesVersion in the inventory",
            host=host.name,
            code="KB-PACKAGE-MISSING",
        )
    offered = osfamily.of(host).candidates(host, tuple(w.name for w in lacking))
    return {
        w.name: next(v for v in offered[w.name] if matches(v, w.version)) if w.version else ""
        for w in lacking
    }


def _look_again(host: Host, lacking: list[Wanted]) -> None:
    host.expect(
        "the packages to be installed",
        lambda: " ".join(f"{w.name} {w.version}" for w in lacking if not w.is_met_by(host.package(w.name))),
    )
