"""The README says what is there: every phase in order, every command, and where files land."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from k8sboot.cli.main import COMMANDS
from k8sboot.runbook import UP

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()
CHAPTER = README.partition("## The phases")[2].partition("\n## ")[0]


def test_the_table_of_phases_is_the_runbook() -> None:
    rows = [line.split("|")[1] for line in CHAPTER.splitlines() if line.startswith("| `")]
    assert [name for row in rows for name in re.findall(r"`([a-z-]+)`", row)] == [phase.name for phase in UP]


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_is_named(command: str) -> None:
    assert f"k8sboot {command}" in README


@pytest.mark.parametrize("target", re.findall(r"`make ([a-z-]+)`", README))
def test_every_target_it_names_is_in_the_makefile(target: str) -> None:
    assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text(), re.MULTILINE)
