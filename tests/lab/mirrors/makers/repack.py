"""Debian's packages as RPMs under the names that CentOS 7 gives them.

The programs and libraries stay Debian's, at Debian's paths; their maintainer scripts are left
out, and what those would have done is in the table beside the name. A package that is not in
the table keeps its name: it is a library that only others ask for.
"""

from __future__ import annotations

import dataclasses
import shutil
import subprocess
from pathlib import Path

from .pool import Deb, needed_by
from .rpm import Rpm

NOT_NEEDED = ("doc", "man", "info", "lintian", "bug", "locale", "doc-base", "apparmor.d")
RELOAD = "systemctl daemon-reload >/dev/null 2>&1 || :"


@dataclasses.dataclass(frozen=True)
class Change:
    """What becomes of one Debian package: name, further names it answers to, users, and
    the links that its maintainer scripts would set (path -> target)."""

    name: str
    provides: tuple[str, ...] = ()
    before: str = ""
    links: dict[str, str] = dataclasses.field(default_factory=dict)
    moves: dict[str, str] = dataclasses.field(default_factory=dict)


_IPTABLES = {
    f"usr/sbin/{name}{rest}": "xtables-legacy-multi"
    for name in ("iptables", "ip6tables")
    for rest in ("", "-save", "-restore")
}
_CHRONY_USER = (
    "getent passwd _chrony >/dev/null || "
    "useradd --system --home-dir /var/lib/chrony --shell /sbin/nologin _chrony"
)
CHANGES = {
    "bash-completion": Change("bash-completion"),
    "chrony": Change(
        "chrony",
        before=_CHRONY_USER,
        moves={
            "usr/lib/systemd/system/chrony.service": "usr/lib/systemd/system/chronyd.service",
            "etc/chrony/chrony.conf": "etc/chrony.conf",
            "usr/share/chrony/chrony.conf": "etc/chrony.conf",
        },
    ),
    "conntrack": Change("conntrack-tools", ("conntrack",)),
    "dmsetup": Change("device-mapper"),
    "ebtables": Change("ebtables", links={"usr/sbin/ebtables": "ebtables-legacy"}),
    "iptables": Change("iptables", links=_IPTABLES),
    "libseccomp2": Change("libseccomp"),
    "ntpsec-ntpdate": Change("ntpdate"),
    "thin-provisioning-tools": Change("device-mapper-persistent-data"),
    "vim": Change("vim-enhanced", ("vim",), links={"usr/bin/vim": "vim.basic"}),
    "xz-utils": Change("xz"),
}


def rpm(deb: Deb, debs: dict[str, Deb], tree: Path) -> Rpm:
    """The package that `deb` becomes; its files are laid out in `tree`."""
    change = CHANGES.get(deb.name, Change(deb.name))
    unpack(deb, tree)
    for old, new in change.moves.items():
        if (tree / old).exists():
            (tree / new).parent.mkdir(parents=True, exist_ok=True)
            (tree / old).rename(tree / new)
    for path, target in change.links.items():
        (tree / path).unlink(missing_ok=True)
        (tree / path).symlink_to(target)
    has_units = (tree / "usr/lib/systemd/system").is_dir()
    scripts = {"pre": change.before} if change.before else {}
    version, release = numbers(deb.version)
    return Rpm(
        change.name,
        version,
        release,
        f"Debian's {deb.name} {deb.version}",
        requires=tuple(needed_by(deb, debs)),
        provides=tuple({deb.name, *change.provides} - {change.name}),
        scripts={**scripts, **({"post": RELOAD, "postun": RELOAD} if has_units else {})},
        tree=tree,
    )


def numbers(version: str) -> tuple[str, str]:
    """RPM's version and release for a version of Debian's; epochs are left out."""
    upstream, _, revision = version.rpartition(":")[2].rpartition("-")
    return (upstream or revision).replace("-", "."), f"{revision if upstream else 1}.el7"


def unpack(deb: Deb, tree: Path) -> None:
    """A package's files, with /bin, /lib and /sbin below /usr as both systems have them."""
    subprocess.run(["dpkg-deb", "--extract", deb.file, tree], check=True)
    for name in ("bin", "sbin", "lib", "lib32", "lib64"):
        if (tree / name).is_dir() and not (tree / name).is_symlink():
            shutil.copytree(tree / name, tree / "usr" / name, symlinks=True, dirs_exist_ok=True)
            shutil.rmtree(tree / name)
    for name in NOT_NEEDED:
        shutil.rmtree(tree / "usr/share" / name, ignore_errors=True)
    for name in ("init.d", "apparmor.d", "apparmor"):
        shutil.rmtree(tree / "etc" / name, ignore_errors=True)
