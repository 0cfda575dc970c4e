"""What an installation must not do unasked: remove a package, or replace one by an older version."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from k8sboot import osfamily
from k8sboot.errors import Refused
from k8sboot.host.host import Host
from k8sboot.osfamily import Wanted
from k8sboot.osfamily.family import Outcome


def to_downgrade(host: Host, lacking: Sequence[Wanted], versions: Mapping[str, str]) -> tuple[str, ...]:
    """The packages that are installed in a newer version, which is told. Refused for one that may not be downgraded."""
    family = osfamily.of(host)
    older = [
        w
        for w in lacking
        if versions[w.name]
        and host.package(w.name)
        and family.is_older(versions[w.name], host.package(w.name))
    ]
    kept = [w for w in older if w.if_newer]
    if kept:
        raise Refused(
            f"{_moves(host, [w.name for w in kept], versions)} would be a downgrade",
            why="the host has a newer version than the inventory wants, or than the first master selected",
            fix=kept[0].if_newer,
            host=host.name,
            code="KB-PACKAGE-DOWNGRADE",
        )
    names = tuple(w.name for w in older)
    if names:
        host.notice("KB-PACKAGE-DOWNGRADE", f"downgrade {_moves(host, names, versions)}")
    return names


def to_replace(host: Host, lacking: Sequence[Wanted]) -> tuple[str, ...]:
    """The installed packages that may be removed for the wanted ones."""
    return tuple(dict.fromkeys(name for w in lacking for name in w.replaces if host.package(name)))


def refuse_harm(host: Host, outcome: Outcome, versions: Mapping[str, str], *, told: Collection[str]) -> None:
    """Refuse an installation that would remove or downgrade a package that is not among those told."""
    removed = [f"{name} {version}".strip() for name, version in outcome.removed.items() if name not in told]
    older = [name for name in outcome.older if name not in told]
    if removed:
        raise Refused(
            f"the installation of {' '.join(versions)} would remove {', '.join(removed)}",
            why="k8sboot removes no package that it was not told to remove: others may use it",
            fix=f"remove {' '.join(n for n in outcome.removed if n not in told)} on {host.name} if nothing needs it, "
            "or set the packages that the host has in the inventory (`runtime.packages`), then run again",
            host=host.name,
            code="KB-PACKAGE-REMOVES",
        )
    if older:
        raise Refused(
            f"the installation of {' '.join(versions)} would downgrade {_moves(host, older, outcome.older)}",
            why="no version in the repositories fits the newer one that the host has",
            fix="set a repository in os.repositories that has it, or downgrade it by hand, then run again",
            host=host.name,
            code="KB-PACKAGE-DOWNGRADE",
        )


def _moves(host: Host, names: Sequence[str], versions: Mapping[str, str]) -> str:
    return ", ".join(f"{name} {host.package(name)} -> {versions[name]}" for name in names)
