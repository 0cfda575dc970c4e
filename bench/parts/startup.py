"""What k8sboot costs before it connects to anything: completing words, and refusing a broken inventory."""

from __future__ import annotations

import os
import tempfile
from functools import partial
from pathlib import Path

from bench.part import Part
from bench.places import K8SBOOT, PYTHON, ROOT
from bench.raw import Raw
from bench.sizes import Sizes
from bench.spending import spend
from bench.turns import in_turn

PASS = "python -c pass"
BROKEN = "plan on a broken inventory"
COMPLETED = {
    "completing a phase": ("k8sboot phase cal", "calico"),
    "completing a host": ("k8sboot up --limit k8s-no", "k8s-node01"),
    "completing a code": ("k8sboot explain KB-SWA", "KB-SWAP"),
}


def measure(raw: Raw, sizes: Sizes) -> None:
    """Milliseconds of each, beside Python that does nothing."""
    with tempfile.TemporaryDirectory(prefix="k8sboot-bench-") as made:
        folder = Path(made)
        environ = {
            k: v for k, v in os.environ.items() if k not in ("PYTHONDONTWRITEBYTECODE", "XDG_STATE_HOME")
        }
        environ |= {"HOME": made, "K8SBOOT_INVENTORY": str(ROOT / "inventory.example.yaml")}
        contenders = {PASS: partial(_milliseconds, [str(PYTHON), "-c", "pass"], folder, environ, "")}
        for name, (words, answer) in COMPLETED.items():
            contenders[name] = partial(_completion, words, answer, folder, environ)
        contenders[BROKEN] = partial(_broken, folder, environ)
        in_turn(raw, contenders, sizes.quick_pairs)


def _completion(words: str, answer: str, folder: Path, environ: dict[str, str]) -> dict[str, float]:
    asked = {
        "_K8SBOOT_COMPLETE": "bash_complete",
        "COMP_WORDS": words,
        "COMP_CWORD": str(len(words.split()) - 1),
    }
    return _milliseconds([str(K8SBOOT)], folder, {**environ, **asked}, answer)


def _broken(folder: Path, environ: dict[str, str]) -> dict[str, float]:
    path = folder / "broken.yaml"
    path.write_text((ROOT / "inventory.example.yaml").read_text().replace("kubernetesVersion:", "version:"))
    return _milliseconds([str(K8SBOOT), "plan", "-i", str(path)], folder, environ, "KB-", code=2)


def _milliseconds(
    command: list[str], folder: Path, environ: dict[str, str], answer: str, code: int = 0
) -> dict[str, float]:
    spent = spend(command, folder=folder, environ=environ, expect=(code,))
    assert answer in spent.stdout + spent.stderr, spent
    return {"ms": spent.seconds * 1000}


PART = Part("startup", "completing a phase, a host, a code; `plan` on a broken inventory", measure)
