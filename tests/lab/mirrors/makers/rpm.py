"""RPM packages of our own, put together by rpmbuild."""

from __future__ import annotations

import dataclasses
import subprocess
from pathlib import Path

from .cache import Cache

ARCHITECTURE = "x86_64"
SETTINGS = {
    "_binary_payload": "w1.zstdio",
    "_build_id_links": "none",
    "__os_install_post": "%{nil}",
    "debug_package": "%{nil}",
    "_empty_manifest_terminate_build": "0",
    "_build_name_fmt": "%%{NAME}-%%{VERSION}-%%{RELEASE}.%%{ARCH}.rpm",
}


@dataclasses.dataclass(frozen=True)
class Rpm:
    """One package: its names, what it needs, its scriptlets (section -> shell), and the
    directory whose files are its own (none: it only states something)."""

    name: str
    version: str
    release: str
    summary: str
    epoch: int = 0
    requires: tuple[str, ...] = ()
    provides: tuple[str, ...] = ()
    scripts: dict[str, str] = dataclasses.field(default_factory=dict)
    tree: Path | None = None

    @property
    def label(self) -> str:
        return f"{self.name}-{self.version}-{self.release}"


def pack(cache: Cache, rpm: Rpm, out: Path) -> None:
    """Write the package's file into a directory."""
    with cache.scratch() as work:
        spec = work / "package.spec"
        spec.write_text(_spec(rpm, work))
        settings = {**SETTINGS, "_topdir": work / "top", "_rpmdir": out, "_tmppath": work}
        words = [word for name, value in settings.items() for word in ("-D", f"{name} {value}")]
        done = subprocess.run(
            ["rpmbuild", "-bb", "--quiet", "--target", ARCHITECTURE, *words, spec],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        if done.returncode:
            raise RuntimeError(f"rpmbuild of {rpm.label}:\n{done.stdout}")


def _spec(rpm: Rpm, work: Path) -> str:
    files = work / "files"
    files.write_text("".join(_owned(rpm.tree)) if rpm.tree else "")
    tags = {
        "Name": rpm.name,
        "Epoch": rpm.epoch or "",
        "Version": rpm.version,
        "Release": rpm.release,
        "Summary": f"{rpm.summary} (made by k8sboot's lab)",
        "License": "see the packages it is made from",
        "Vendor": "k8sboot lab",
        "AutoReqProv": "no",
        "Requires": ", ".join(rpm.requires),
        "Provides": ", ".join(rpm.provides),
    }
    lines = [f"{name}: {value}" for name, value in tags.items() if value != ""]
    lines += ["%description", f"{rpm.summary}."]
    if rpm.tree:
        lines += ["%install", f"mkdir -p %{{buildroot}} && cp -al {rpm.tree}/. %{{buildroot}}/"]
    for section, script in rpm.scripts.items():
        lines += [f"%{section}", script]
    return "\n".join([*lines, f"%files -f {files}", "%defattr(-,root,root)", ""])


def _owned(tree: Path) -> list[str]:
    """Every file and link, and no directory: those are the system's."""
    paths = sorted(path for path in tree.rglob("*") if path.is_symlink() or path.is_file())
    inside = ("/" + str(path.relative_to(tree)).replace("%", "%%") for path in paths)
    return [f'{_kind(path)}"{path}"\n' for path in inside]


def _kind(path: str) -> str:
    return "%config(noreplace) " if path.startswith("/etc/") else ""
