"""Kernels to upgrade to: Debian's from backports, and one that cannot boot. Served to the machines."""

import hashlib
import json
import re
import shutil
import subprocess
import sys
import tempfile
import urllib.request
from pathlib import Path

from labkit import cgroups, locks, mirrors, rootfs
from labkit.errors import LabError
from labkit.families import debian
from labkit.plan import Lab
from labkit.process import run
from labkit.progress import say

from vmkit import backports

PORT = 8081
SUITE = backports.suite_of(debian.CODENAME)
META = "linux-image-cloud-amd64"
BROKEN = "6.99.0-broken"
"""Its initial ramdisk is empty, so it finds no root file system and panics."""

CONTROL = f"""\
Package: linux-image-{BROKEN}
Version: 6.99.0-1
Architecture: amd64
Maintainer: the lab <lab@localhost>
Description: a kernel that cannot boot
"""


def ready() -> Path:
    """The directory with the packages, made if the cache has none of this recipe."""
    key = hashlib.sha256(Path(__file__).read_bytes()).hexdigest()[:12]
    wanted = rootfs.cache() / "vm" / f"kernels-{key}"
    with locks.held("vm-kernels"):
        if not wanted.is_dir():
            say(f"fetching {META} from {SUITE}")
            with tempfile.TemporaryDirectory(dir=wanted.parent, prefix="unfinished-") as directory:
                work = Path(directory)
                (work / "kernels").mkdir()
                _fetch(work)
                _make_broken(work)
                (work / "kernels").rename(wanted)
    return wanted


def _fetch(work: Path) -> None:
    """The newest kernel of the suite, and linux-base where it asks for a newer one."""
    with backports.apt(debian.CODENAME) as flags:
        shown = run("apt-cache", *flags, "show", "--no-all-versions", META)
        found = re.search(r"^Depends: (linux-image-6[^ ,]+)", shown, re.MULTILINE)
        if not found:
            raise LabError(f"{SUITE} has no {META}")
        script = f'cd {work}/kernels && exec apt-get "$@"'
        run("sh", "-c", script, "sh", *flags, "download", "-q", found.group(1), f"linux-base/{SUITE}")


def _make_broken(work: Path) -> None:
    """A real kernel's image with an empty ramdisk, in a package that tells grub of it as Debian's do."""
    tree = work / "broken"
    newer = next((work / "kernels").glob("linux-image-*.deb"))
    run("dpkg-deb", "--extract", newer, work / "newer")
    (tree / "DEBIAN").mkdir(parents=True)
    (tree / "boot").mkdir()
    (tree / "lib/modules" / BROKEN).mkdir(parents=True)
    shutil.copy(next((work / "newer/boot").glob("vmlinuz-*")), tree / f"boot/vmlinuz-{BROKEN}")
    (tree / f"boot/initrd.img-{BROKEN}").write_bytes(b"\0" * 512)
    (tree / "lib/modules" / BROKEN / "modules.dep").write_text("# nothing\n")
    (tree / "DEBIAN/control").write_text(CONTROL)
    (tree / "DEBIAN/postinst").write_text("#!/bin/sh\nset -e\nupdate-grub\n")
    (tree / "DEBIAN/postinst").chmod(0o755)
    run(
        "dpkg-deb",
        "--build",
        "--root-owner-group",
        "-Zgzip",
        tree,
        work / "kernels" / f"linux-image-{BROKEN}.deb",
    )


def serve(lab: Lab) -> Path:
    """Start the file server unless it runs; write what it has, as an inventory's os.kernel wants it."""
    directory = ready()
    group = f"{cgroups.TOP}/{lab.name}/kernels"
    if not cgroups.processes(group):
        with (lab.state / "kernels.log").open("ab") as log:
            subprocess.Popen(
                [
                    sys.executable,
                    "-B",
                    str(mirrors.MIRRORS / "serve_files.py"),
                    lab.gateway,
                    str(PORT),
                    str(directory),
                ],
                cwd="/",
                start_new_session=True,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                preexec_fn=lambda: cgroups.enter(group),
            )
    catalogue = {"newer": [], "broken": []}
    for package in sorted(directory.glob("*.deb")):
        kind = "broken" if BROKEN in package.name else "newer"
        digest = hashlib.sha256(package.read_bytes()).hexdigest()
        # apt-get download writes an epoch's colon as %3a, which the URL has to escape once more
        name = urllib.request.pathname2url(package.name)
        catalogue[kind].append({"url": f"http://{lab.gateway}:{PORT}/{name}", "sha256": digest})
    path = lab.handout / "kernels.json"
    path.write_text(json.dumps(catalogue, indent=1) + "\n")
    return path
