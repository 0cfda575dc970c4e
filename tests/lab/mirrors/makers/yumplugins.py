"""dnf's plugins as the packages that yum 3 had them in: yum-plugin-versionlock and yum-utils."""

from __future__ import annotations

import functools
from pathlib import Path

from . import repack, yum
from .pool import Deb
from .rpm import Rpm

MODULES = "usr/lib/python3/dist-packages"
LOCK = ("versionlock.conf", "versionlock.list")
USED = ("config_manager", "download", "needs_restarting")
PROGRAM = "usr/libexec/dnf-utils-3"
NAMES = ("needs-restarting", "package-cleanup", "repoquery", "yum-config-manager", "yumdownloader")
WRITTEN = 'return "%s-%s:%s-%s.*" % (name, epoch or "0", version, release)'
YUM_3_FORM = {
    WRITTEN: 'return "%s:%s-%s-%s.*" % (epoch or "0", name, version, release)',
    "dnf.subject.Subject(pat)": "dnf.subject.Subject(_nevra(pat))",
    "hawkey.split_nevra(ent)": "hawkey.split_nevra(_nevra(ent))",
}
"""Changes that make the plugin read and write locks as yum 3 has them, EPOCH:NAME-VERSION-RELEASE.*"""

NEVRA = r"""

def _nevra(pat):
    import re
    return re.sub(r"^(\d+):(.+)-([^-]+-[^-]+)$", r"\2-\1:\3", pat)
"""
FINISH = Path(__file__).parent.parent / "yumfiles/yum-complete-transaction"


def packages(plugins: Deb) -> list[yum.Maker]:
    """The makers of both packages, out of Debian's dnf-plugins-core."""
    return [functools.partial(_versionlock, plugins), functools.partial(_utils, plugins)]


def _versionlock(plugins: Deb, tree: Path) -> Rpm:
    whole, own = tree / "whole", tree / "own"
    repack.unpack(plugins, whole)
    _keep(whole, own, f"{MODULES}/dnf-plugins/versionlock.py", f"{MODULES}/dnfpluginscore")
    configuration = own / "etc/yum/pluginconf.d"
    configuration.mkdir(parents=True)
    for name in LOCK:
        (whole / "etc/dnf/plugins" / name).rename(configuration / name)
    settings = configuration / LOCK[0]
    settings.write_text(settings.read_text().replace("/etc/dnf/plugins/", "/etc/yum/pluginconf.d/"))
    _speak_yum_3(own / MODULES / "dnf-plugins/versionlock.py")
    return _rpm(plugins, "yum-plugin-versionlock", own)


def _speak_yum_3(module: Path) -> None:
    text = module.read_text()
    for old, new in YUM_3_FORM.items():
        if old not in text:
            raise RuntimeError(f"{module.name} of another dnf-plugins-core: it has no {old!r}")
        text = text.replace(old, new)
    module.write_text(text + NEVRA)


def _utils(plugins: Deb, tree: Path) -> Rpm:
    whole, own = tree / "whole", tree / "own"
    repack.unpack(plugins, whole)
    plugins_used = (f"{MODULES}/dnf-plugins/{name}.py" for name in USED)
    _keep(whole, own, f"{MODULES}/dnfpluginscore", PROGRAM, *plugins_used)
    programs = own / "usr/bin"
    programs.mkdir(parents=True)
    for name in NAMES:
        (programs / name).symlink_to(f"/{PROGRAM}")
    (programs / FINISH.name).write_bytes(FINISH.read_bytes())
    (programs / FINISH.name).chmod(0o755)
    return _rpm(plugins, "yum-utils", own)


def _keep(whole: Path, own: Path, *names: str) -> None:
    for name in names:
        (own / name).parent.mkdir(parents=True, exist_ok=True)
        (whole / name).rename(own / name)


def _rpm(plugins: Deb, name: str, tree: Path) -> Rpm:
    version, release = repack.numbers(plugins.version)
    return Rpm(name, version, release, f"Part of Debian's {plugins.name}", requires=("yum",), tree=tree)
