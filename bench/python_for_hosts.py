"""Python on hosts of the lab, which have none: Ansible needs it there. From this machine's Debian, not the mirrors."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from bench import lab
from bench.lab import LabHost

PACKAGES = ("python3", "python3-apt")


def install(host: LabHost, folder: Path) -> None:
    """If it is not there. folder: where its packages are kept meanwhile."""
    if (host.root / "usr/bin/python3").exists():
        return
    archives = folder / f"python-for-{host.name}"
    (archives / "partial").mkdir(parents=True, exist_ok=True)
    options = {
        "Dir::State::status": host.root / "var/lib/dpkg/status",
        "Dir::Cache::archives": archives,
        "Debug::NoLocking": "1",
    }
    words = [word for name, value in options.items() for word in ("-o", f"{name}={value}")]
    subprocess.run(
        [
            "apt-get",
            "install",
            "--quiet=2",
            "--yes",
            "--no-install-recommends",
            "--download-only",
            *words,
            *PACKAGES,
        ],
        check=True,
        capture_output=True,
    )
    there = host.root / "root" / "bench-python"
    there.mkdir(exist_ok=True)
    for package in archives.glob("*.deb"):
        shutil.copy(package, there)
    install_ = "apt-get -qq install -y /root/bench-python/*.deb >/dev/null && rm -r /root/bench-python"
    lab.inside(host.name, "sh", "-c", install_)
