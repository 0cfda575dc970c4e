"""Where things are: the repository, the bench's own folder, and what the tests lend."""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
BENCH = ROOT / "bench"
OWN = ROOT / ".bench"
"""Raw numbers, and the rivals' environments. Git ignores it."""
PYTHON = Path(sys.executable)
K8SBOOT = PYTHON.parent / "k8sboot"
LAB = ROOT / "tests" / "lab" / "lab"
LAB_INVENTORY = ROOT / ".lab" / "inventory.yaml"


def borrow_from_tests() -> None:
    """Let `sshd`, `ssh_keys` and `relays` be imported: a real sshd, and a relay that counts."""
    for folder in (ROOT / "tests", ROOT / "tests" / "integration"):
        if str(folder) not in sys.path:
            sys.path.insert(0, str(folder))
