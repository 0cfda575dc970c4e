"""Virtual environments of the rivals, with the versions that bench/requirements-*.txt pin."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from bench.places import BENCH, OWN

BARE_PARAMIKO = BENCH / "rivals" / "bare_paramiko.py"
"""KEY THREADS ADDRESS:PORT..."""


def programs(name: str) -> Path:
    """The folder with the programs of a rival's environment, which is made if its requirements have changed."""
    pinned = _pinned(name)
    folder = OWN / "environments" / name
    made = folder / "made-of"
    if not made.exists() or made.read_text() != pinned:
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(folder)], check=True)
        install = [str(folder / "bin" / "pip"), "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*install, "-r", str(_requirements(name))], check=True)
        made.write_text(pinned)
    return folder / "bin"


def version(name: str) -> str:
    """Of the rival itself."""
    found = re.search(rf"^(?:{name}|{name}-core)==(\S+)", _pinned(name), re.MULTILINE)
    assert found, name
    return found[1]


def _requirements(name: str) -> Path:
    return BENCH / f"requirements-{name}.txt"


def _pinned(name: str) -> str:
    return _requirements(name).read_text()
