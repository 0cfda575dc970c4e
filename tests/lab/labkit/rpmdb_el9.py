"""The RPM database of an EL9-dressed host: what el7's states, under EL9's names and releases, where EL9 has it."""

import shutil
from pathlib import Path

from labkit import rpmdb
from labkit.process import run

NAMES = {"curl": "curl-minimal", "yum": "dnf"}
"""What el7 has under another name."""

DRESSED = {
    "firewalld": ("1.3.4", "9.el9_5"),
    "grub2-tools": ("2.06", "104.el9_6"),
    "grubby": ("8.40", "63.el9"),
    "kernel": ("5.14.0", "570.17.1.el9_6"),
    "kernel-core": ("5.14.0", "570.17.1.el9_6"),
    "libselinux-utils": ("3.6", "3.el9"),
    "NetworkManager": ("1.52.0", "4.el9_6"),
    "rocky-release": ("9.6", "1.3.el9"),
    "selinux-policy-targeted": ("38.1.53", "5.el9_6"),
    "yum": ("4.14.0", "25.el9"),
}
"""What the dress stands in for: Rocky Linux's own versions, and nothing of the kind inside."""

PROVIDES = {
    "curl-minimal": "curl\nConflicts: curl",
    "rocky-release": "system-release = 9.6, system-release(releasever) = 9, redhat-release = 9.6",
}
ROW = "%{NAME}\t%{VERSION}\t%{RELEASE}\t%{SUMMARY}\t[%{PROVIDENAME} ]\n"
DATABASES = ("root/.rpmdb", "var/lib/rpm")
"""Where Debian's rpm has it unless told otherwise, and where EL has it."""


def restate(root: Path) -> None:
    """Build the RPMs anew inside the root file system, and install them into an empty database."""
    listing = run("chroot", root, "rpm", "--dbpath", f"/{DATABASES[0]}", "-qa", "--qf", ROW)
    stated = [line.split("\t") for line in listing.splitlines()]
    for name in DATABASES:
        shutil.rmtree(root / name, ignore_errors=True)
    work = root / rpmdb.WORK
    work.mkdir()
    (work / "system.spec").write_text(_spec(stated))
    macros = ("-D", f"_topdir /{rpmdb.WORK}", "-D", "_binary_payload w.ufdio", "-D", "debug_package %{nil}")
    spec = f"/{rpmdb.WORK}/system.spec"
    run("chroot", root, "rpmbuild", "-bb", "--quiet", "--target", "x86_64", *macros, spec)
    packages = [path.relative_to(root) for path in sorted(work.glob("RPMS/**/*.rpm"))]
    run("chroot", root, "rpm", "--install", *(f"/{path}" for path in packages))
    shutil.rmtree(work)


def _spec(stated: list[list[str]]) -> str:
    parts = ["Name: k8sboot-lab\nVersion: 1\nRelease: 1\nSummary: -\nLicense: -\n%description\n-\n"]
    for old, version, release, summary, provided in stated:
        if old in rpmdb.DRESSED:
            continue
        name = NAMES.get(old, old)
        others = [word for word in provided.split() if "(" not in word and word not in (old, name)]
        provides = PROVIDES.get(name, ", ".join(others))
        parts.append(rpmdb._package(name, version, release.replace(".el7", ".el9"), summary, provides))
    for name, (version, release) in DRESSED.items():
        summary = "A stand-in of k8sboot's lab"
        parts.append(rpmdb._package(name, version, release, summary, PROVIDES.get(name, "")))
    return "".join(parts)
