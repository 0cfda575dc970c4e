"""Errors at the end of a run: each once, with all that helps, and clean."""

from __future__ import annotations

import io

import pytest

from k8sboot.console import print_errors
from k8sboot.errors import Bug, CommandFailed, K8sbootError, StepFailed, Unreachable
from k8sboot.redact import Redactor


@pytest.fixture(autouse=True)
def _plain(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("FORCE_COLOR", "CLICOLOR_FORCE"):
        monkeypatch.delenv(name, raising=False)


def shown(*errors: K8sbootError, secret: str = "", log: str = "", has_traceback: bool = False) -> str:
    stream = io.StringIO()
    print_errors(stream, errors, redact=Redactor([secret]), log=log, has_traceback=has_traceback)
    return stream.getvalue()


def test_an_error_says_code_host_what_why_fix_output_and_log() -> None:
    error = CommandFailed(
        "install x",
        command="apt-get install x",
        exit_status=100,
        host="a",
        detail="E: no\n",
        fix="look at apt",
    )
    assert shown(error, log="/l/run.jsonl") == (
        "error[KB-COMMAND] a: install x\n"
        "  why: `apt-get install x` ended with 100\n"
        "  fix: look at apt\n"
        "  | E: no\n"
        "  log: /l/run.jsonl\n"
    )


def test_the_same_error_on_several_hosts_is_told_once() -> None:
    errors = [StepFailed("no swap", why="because", host=name) for name in ("a", "b", "c")]
    assert shown(*errors) == "error[KB-STEP] a, b, c: no swap\n  why: because\n"


def test_of_two_hundred_hosts_ten_are_named() -> None:
    found = shown(*(StepFailed("no swap", host=f"n{i}") for i in range(200)))
    assert found == "error[KB-STEP] n0, n1, n2, n3, n4, n5, n6, n7, n8, n9 and 190 more: no swap\n"


def test_hosts_that_are_away_for_one_reason_are_told_of_together() -> None:
    errors = [
        Unreachable(f"cannot reach {n}:22", why="refused", fix="start sshd", host=n) for n in ("a", "b")
    ]
    assert shown(*errors) == (
        "error[KB-SSH-UNREACHABLE] a, b: cannot reach a:22\n"
        "  and: cannot reach b:22\n"
        "  why: refused\n"
        "  fix: start sshd\n"
    )


def test_errors_with_different_output_stay_apart() -> None:
    errors = [StepFailed("no", host=n, detail=f"output of {n}") for n in ("a", "b")]
    assert shown(*errors).count("error[") == 2


def test_only_the_end_of_long_output_is_shown() -> None:
    detail = "\n".join([*(f"line {i}" for i in range(100)), "x" * 10_000_000])
    lines = shown(StepFailed("no", detail=detail)).splitlines()[1:]
    assert len(lines) == 25
    assert lines[0] == "  | line 76"
    assert len(lines[-1]) < 600


def test_output_and_words_are_cleaned_and_masked() -> None:
    error = StepFailed("n\x1b[2Jo", why="said hunter2", host="a", detail="\x1b]0;t\x07hunter2 [/red]")
    assert shown(error, secret="hunter2") == "error[KB-STEP] a: no\n  why: said ***\n  | *** [/red]\n"


def broken() -> Bug:
    try:
        raise KeyError("hunter2")
    except KeyError as error:
        return Bug.of(error)


def test_a_mistake_of_ours_is_one_message_without_a_traceback() -> None:
    found = shown(broken(), secret="hunter2")
    assert found.startswith("error[KB-BUG] a mistake in k8sboot: KeyError: '***'\n  why: broken in ")
    assert "Traceback" not in found


def test_who_asks_sees_the_traceback_masked() -> None:
    found = shown(broken(), secret="hunter2", has_traceback=True)
    assert "  | Traceback (most recent call last):\n" in found
    assert "hunter2" not in found
