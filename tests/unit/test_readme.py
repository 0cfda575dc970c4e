"""The README says what is there: every phase in order, every command, and every room of the package."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from k8sboot.cli.main import COMMANDS
from k8sboot.runbook import UP

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "k8sboot"
README = (ROOT / "README.md").read_text()
CHAPTER = README.partition("## The phases")[2].partition("\n## ")[0]
ROOMS = README.partition("## Architecture")[2].partition("\n### ")[0]


def rooms_in_the_tree() -> set[str]:
    folders = {f"{path.parent.name}/" for path in PACKAGE.glob("*/__init__.py")}
    return folders | {path.name for path in PACKAGE.glob("*.py") if path.name != "__init__.py"}


def rooms_in_the_table() -> list[str]:
    first = (line.split("|")[1] for line in ROOMS.splitlines() if line.startswith("| `"))
    return [name for cell in first for name in re.findall(r"`([^`]+)`", cell) if "k8sboot" not in name]


def test_the_table_of_rooms_names_every_room_once_and_no_other() -> None:
    assert sorted(rooms_in_the_table()) == sorted(rooms_in_the_tree())


def test_the_table_of_phases_is_the_runbook() -> None:
    rows = [line.split("|")[1] for line in CHAPTER.splitlines() if line.startswith("| `")]
    assert [name for row in rows for name in re.findall(r"`([a-z-]+)`", row)] == [phase.name for phase in UP]


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_is_named(command: str) -> None:
    assert f"k8sboot {command}" in README


@pytest.mark.parametrize("target", re.findall(r"`make ([a-z-]+)`", README))
def test_every_target_it_names_is_in_the_makefile(target: str) -> None:
    assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text(), re.MULTILINE)
