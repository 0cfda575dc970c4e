"""What a command imports before it can say anything: seconds are the user's, and most of them are modules."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import pytest
from command_line import INVENTORY

from k8sboot.cli.phase_titles import TITLES
from k8sboot.inventory.keys import section
from k8sboot.inventory.kinds import Many, Named, Section
from k8sboot.inventory.model import Spec
from k8sboot.runbook import UP

HEAVY = {
    "paramiko",
    "cryptography",
    "jinja2",
    "rich.console",
    "k8sboot.events",
    "k8sboot.runbook",
    "k8sboot.run.session",
}
LIBRARIES = {*HEAVY, "rich", "yaml", "subprocess", "hashlib", "json", "k8sboot.inventory.model"}
PROGRAM = """\
import sys
from k8sboot.cli.main import main
try: main()
finally: print("modules", *sys.modules)
"""


def ran(folder: Path, words: str = "", *, completed: str = "") -> tuple[list[str], set[str]]:
    """The lines of a command on stdout and stderr, and what it has imported. completed: a line to complete instead."""
    asked = {
        "_K8SBOOT_COMPLETE": "bash_complete",
        "COMP_WORDS": completed,
        "COMP_CWORD": str(completed.count(" ")),
    }
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, *words.split()],
        env={**os.environ, **(asked if completed else {})},
        cwd=folder, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60, check=False,
    )  # fmt: skip
    *lines, modules = done.stdout.splitlines()
    return lines, set(modules.split())


@pytest.mark.parametrize(
    ("line", "said", "unwanted"),
    [
        ("k8sboot phase kubeadm-i", "plain,kubeadm-init", LIBRARIES),
        ("k8sboot up --from kubeadm-i", "plain,kubeadm-init", LIBRARIES),
        ("k8sboot explain KB-SWAP", "plain,KB-SWAP", LIBRARIES),
        ("k8sboot plan --limit m", "plain,m1", LIBRARIES - {"yaml"}),
        ("k8sboot reset --limit m", "plain,m1", LIBRARIES - {"yaml"}),
    ],
)
def test_completing_imports_nothing_heavy(inventory: Path, line: str, said: str, unwanted: set[str]) -> None:
    lines, modules = ran(inventory.parent, completed=line)
    assert lines[0] == said
    assert "k8sboot.cli.options" in modules
    assert modules & unwanted == set()


@pytest.mark.parametrize("command", ["plan", "up --yes", "phase kernel"])
def test_a_broken_inventory_is_told_of_before_a_run_is_imported(inventory: Path, command: str) -> None:
    inventory.write_text(INVENTORY.replace("nodes:", "nodez:"))
    lines, modules = ran(inventory.parent, command)
    assert "unknown key `nodez`" in lines[0]
    late = {"subprocess", "hashlib", "json", "rich", "k8sboot.phase", "k8sboot.text.redact"}
    assert modules & {*HEAVY, *late} == set()


def test_the_titles_that_are_completed_are_the_phases() -> None:
    assert list(TITLES.items()) == [(phase.name, phase.title) for phase in UP]


def test_the_types_of_keys_are_no_texts_that_each_command_would_have_to_compile() -> None:
    sections, waiting = {Spec}, [section(Spec)]
    while waiting:
        for key in waiting.pop().keys.values():
            inner = key.kind.section if isinstance(key.kind, Named | Many) else key.kind
            if isinstance(inner, Section) and inner.becomes not in sections:
                sections.add(inner.becomes)
                waiting.append(inner)
    assert len(sections) > 10
    assert [
        f"{each.__name__}.{f.name}" for each in sections for f in fields(each) if isinstance(f.type, str)
    ] == []
