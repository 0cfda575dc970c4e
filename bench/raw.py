"""The raw numbers of a part, as JSON: a part that has been measured is not measured again."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from bench.places import ROOT


@dataclass
class Raw:
    """What a part has found.

    series: figures by what was measured, in the order of the turns. same_work: checks that contenders did the same,
    each with its outcome. notes: what a reader has to know. extra: what pictures need. others_busy: the share of the
    processors that others used, before each turn.
    """

    part: str
    series: dict[str, list[float]] = field(default_factory=dict)
    same_work: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    extra: dict[str, Any] = field(default_factory=dict)
    others_busy: list[float] = field(default_factory=list)
    versions: dict[str, str] = field(default_factory=dict)
    when: str = ""
    seconds: float = 0.0
    commit: str = ""
    machine: str = ""

    def add(self, name: str, figure: float) -> None:
        """One more figure of a series."""
        self.series.setdefault(name, []).append(round(figure, 4))

    def sign(self, seconds: float) -> None:
        """Say when, where and of which commit this was measured."""
        self.when = time.strftime("%Y-%m-%d %H:%M", time.gmtime()) + " UTC"
        self.seconds = round(seconds, 1)
        self.commit, self.machine = commit(), machine()


def save(raw: Raw, folder: Path) -> None:
    """Write it, completely or not at all."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{raw.part}.json"
    path.with_suffix(".new").write_text(json.dumps(asdict(raw), indent=1) + "\n")
    path.with_suffix(".new").rename(path)


def load(part: str, folder: Path) -> Raw | None:
    """What was measured earlier, None for nothing."""
    path = folder / f"{part}.json"
    return Raw(**json.loads(path.read_text())) if path.exists() else None


def commit() -> str:
    """The last commit that changed k8sboot itself, with a + if files of it differ."""
    product = ("--", "k8sboot", "templates")
    return _git("log", "-1", "--abbrev=7", "--format=%h", *product) + (
        "+" if _git("status", "--short", *product) else ""
    )


def _git(*words: str) -> str:
    done = subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True, check=False)
    return done.stdout.strip()


def machine() -> str:
    """Processors, memory and kernel."""
    model = next(
        (
            line.partition(":")[2].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if line.startswith("model name")
        ),
        "unknown processor",
    )
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return f"{os.cpu_count()} x {model}, {memory:.0f} GiB, Linux {platform.release()}"
