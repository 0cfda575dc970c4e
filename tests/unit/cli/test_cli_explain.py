"""`k8sboot explain`."""

from __future__ import annotations

import json

import click
import pytest
from command_line import CommandLine

from k8sboot.cli.main import cli
from k8sboot.explain import entries


def test_a_code_is_explained_with_its_cure(k8sboot: CommandLine):
    said = k8sboot("explain kb-preflight")
    assert (said.code, said.err) == (0, "")
    assert said.out.startswith("KB-PREFLIGHT: the machine does not meet the requirements")
    assert "\nWhat to do\n" in said.out
    assert "      k8sboot phase preflight\n" in said.out
    assert k8sboot.asked == []


def test_without_a_code_all_are_listed_with_a_line_each(k8sboot: CommandLine):
    lines = k8sboot("explain").out.splitlines()
    assert [line.split()[0] for line in lines] == list(entries())
    assert all(len(line.split("  ", 1)[1].strip()) > 8 for line in lines)


def test_a_typo_is_a_usage_error_with_near_names(k8sboot: CommandLine):
    said = k8sboot("explain KB-PREFLIHT")
    assert said.code == 2
    assert "did you mean KB-PREFLIGHT" in said.err
    assert said.out == ""


def test_json_holds_the_same(k8sboot: CommandLine):
    one = json.loads(k8sboot("explain KB-PREFLIGHT -o json").out)
    assert one["code"] == "KB-PREFLIGHT"
    assert "ss -ltnp" in one["cure"]
    assert [each["code"] for each in json.loads(k8sboot("explain -o json").out)] == list(entries())


@pytest.mark.parametrize("columns", [50, 90])
def test_the_text_keeps_to_the_terminal(k8sboot: CommandLine, monkeypatch, columns):
    monkeypatch.setenv("COLUMNS", str(columns))
    prose = [line for line in k8sboot("explain KB-LOCKED").out.splitlines() if not line.startswith("    ")]
    assert columns - 15 < max(len(line) for line in prose) <= columns


@pytest.mark.parametrize("begun", ["KB-SSH-S", "ssh-s"])
def test_codes_are_completed_also_without_their_prefix(begun):
    completer = click.shell_completion.ShellComplete(cli, {}, "k8sboot", "_K8SBOOT_COMPLETE")
    found = {c.value for c in completer.get_completions(["explain"], begun)}
    assert found == {"KB-SSH-SESSION", "KB-SSH-SHELL", "KB-SSH-SUDO"}
