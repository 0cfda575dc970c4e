"""Errors at the end of a run: each once, with all that helps, and clean."""

from __future__ import annotations

import io
import re

import pytest

from k8sboot.console.failures import Logs, print_errors, print_next
from k8sboot.errors import Bug, CommandFailed, DeadlineExceeded, K8sbootError, StepFailed, Unreachable
from k8sboot.text.redact import Redactor

MORE = "  more: k8sboot explain KB-STEP\n"


@pytest.fixture(autouse=True)
def _plain(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("FORCE_COLOR", "CLICOLOR_FORCE"):
        monkeypatch.delenv(name, raising=False)


NO_LOGS = Logs()


def shown(*errors: K8sbootError, secret: str = "", logs: Logs = NO_LOGS, has_traceback: bool = False) -> str:
    stream = io.StringIO()
    print_errors(stream, errors, redact=Redactor([secret]), logs=logs, has_traceback=has_traceback)
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
    assert shown(error, logs=Logs("/l/run.jsonl", lambda host: f"/l/hosts/{host}.log")) == (
        "error[KB-COMMAND] a: install x\n"
        "  why: `apt-get install x` exited with status 100\n"
        "  fix: look at apt\n"
        "  | E: no\n"
        "  host log: /l/hosts/a.log\n"
        "  log: /l/run.jsonl\n"
        "  more: k8sboot explain KB-COMMAND\n"
    )


def test_the_evidence_of_those_who_were_looked_at_is_named_once() -> None:
    kept = {name: f"/l/{name}-verify.txt" for name in ("m1", "n1", "n3")}
    errors = [StepFailed("no", host="m1"), StepFailed("no", host="m2")]
    errors[0].witnesses = ("m1", "n1", "n2")
    errors[1].witnesses = ("n1", "n3", "n4", "n5")
    found = shown(*errors, logs=Logs("/l/run.jsonl", evidence=lambda host: kept.get(host, "")))
    assert [line for line in found.splitlines() if "/l/" in line] == [
        "  evidence: /l/m1-verify.txt",
        "  evidence: /l/n1-verify.txt",
        "  evidence: /l/n3-verify.txt",
        "  log: /l/run.jsonl",
    ]


def test_the_same_error_on_several_hosts_is_told_once() -> None:
    errors = [StepFailed("no swap", why="because", host=name) for name in ("a", "b", "c")]
    assert shown(*errors) == "error[KB-STEP] a, b, c: no swap\n  why: because\n" + MORE


def test_of_two_hundred_hosts_ten_are_named() -> None:
    found = shown(*(StepFailed("no swap", host=f"n{i}") for i in range(200)))
    assert found == "error[KB-STEP] n0, n1, n2, n3, n4, n5, n6, n7, n8, n9 and 190 more: no swap\n" + MORE


def test_hosts_that_are_away_for_one_reason_are_told_of_together() -> None:
    errors = [
        Unreachable(f"cannot reach {n}:22", why="refused", fix="start sshd", host=n) for n in ("a", "b")
    ]
    assert shown(*errors) == (
        "error[KB-SSH-UNREACHABLE] a, b: cannot reach a:22\n"
        "  and: cannot reach b:22\n"
        "  why: refused\n"
        "  fix: start sshd\n"
        "  more: k8sboot explain KB-SSH-UNREACHABLE\n"
    )


def test_errors_that_differ_in_the_hosts_name_alone_are_told_once() -> None:
    errors = [
        DeadlineExceeded("waited", why=f"{n} is off", fix=f"look at {n}, then again", host=n)
        for n in ("n1", "n-1")
    ]
    assert shown(*errors) == (
        "error[KB-DEADLINE] n1, n-1: waited\n  why: the host is off\n  fix: look at the host, then again\n"
        "  more: k8sboot explain KB-DEADLINE\n"
    )


def test_names_within_other_names_are_not_the_hosts() -> None:
    errors = [
        StepFailed("no", why=f"{other} is off", host=host) for host, other in (("n1", "x-n1"), ("n2", "x-n2"))
    ]
    assert shown(*errors).count("error[") == 2


def test_the_logs_of_three_hosts_are_named_at_most_and_only_those_there_are() -> None:
    errors = [StepFailed("no", host=f"n{i}") for i in range(9)]
    found = shown(*errors, logs=Logs("/run.jsonl", lambda host: "" if host == "n1" else f"/{host}.log"))
    assert re.findall(r"log: (.*)", found) == ["/n0.log", "/n2.log", "/run.jsonl"]


def test_what_comes_next_is_a_line() -> None:
    stream = io.StringIO()
    print_next(stream, "k8sboot up --failed")
    assert stream.getvalue() == "  next: k8sboot up --failed\n"


def test_errors_with_different_output_stay_apart() -> None:
    errors = [StepFailed("no", host=n, detail=f"output of {n}") for n in ("a", "b")]
    found = shown(*errors)
    assert found.count("error[") == 2
    assert found.count(MORE) == 1, "how to read more of a code is said once"


def test_only_the_end_of_long_output_is_shown() -> None:
    detail = "\n".join([*(f"line {i}" for i in range(100)), "x" * 1_000_000])
    lines = shown(StepFailed("no", detail=detail)).removesuffix(MORE).splitlines()[1:]
    assert len(lines) == 25
    assert lines[0] == "  | line 76"
    assert len(lines[-1]) < 600


def test_output_and_words_are_cleaned_and_masked() -> None:
    error = StepFailed("n\x1b[2Jo", why="said hunter2", host="a", detail="\x1b]0;t\x07hunter2 [/red]")
    found = "error[KB-STEP] a: no\n  why: said ***\n  | *** [/red]\n" + MORE
    assert shown(error, secret="hunter2") == found


def broken() -> Bug:
    try:
        raise KeyError("hunter2")
    except KeyError as error:
        return Bug.of(error)


def test_a_mistake_of_ours_is_one_message_without_a_traceback() -> None:
    found = shown(broken(), secret="hunter2")
    assert found.startswith("error[KB-BUG] an error in k8sboot: KeyError: '***'\n  why: broken in ")
    assert "Traceback" not in found


def test_who_asks_sees_the_traceback_masked() -> None:
    found = shown(broken(), secret="hunter2", has_traceback=True)
    assert "  | Traceback (most recent call last):\n" in found
    assert "hunter2" not in found
