"""The status as a terminal shows it: within its width, the worst first on a small screen, plain lines in a log."""

from __future__ import annotations

import io
from typing import Any

import pytest

from k8sboot.console import status
from k8sboot.console.status import Screen, brief_lines

LONG = "k8s-" + "a" * 59
PROBLEM = {
    "code": "KB-NODE-NOT-READY",
    "host": LONG,
    "what": "NotReady",
    "why": "container runtime is down, and this is told at some length so that it has to be wrapped",
    "fix": f"run `kubectl describe node {LONG}` and look at what it says",
}


def document(**more: Any) -> dict[str, Any]:
    node = {
        "name": LONG, "state": "NotReady", "cordoned": True, "responds": False, "roles": ["control-plane"],
        "inventoryRole": "master", "kubelet": "v1.37.2", "runtime": "containerd 2.4.2", "proxyMode": None,
    }  # fmt: skip
    master = {"name": LONG, "responds": False, "apiServer": "unknown", "leads": ["kube-scheduler"]}
    return {
        "cluster": "c", "healthy": False, "time": "2026-11-30T10:00:00Z", "seconds": 1.0, "answeredBy": None,
        "kubernetes": None, "problems": [PROBLEM], "warnings": [], "nodes": [node], "controlPlane": [master],
        "etcd": {"members": [], "hasQuorum": None, "responding": 0, "quorum": 0}, "addOns": [], "notReady": [],
        "certificates": [], "joinTokens": [], "lastChange": None, "active": [], "notAsked": [], **more,
    }  # fmt: skip


@pytest.mark.parametrize("width", [60, 80, 200])
def test_tables_are_cut_to_the_width_and_sentences_wrapped(width: int):
    found = document()
    lines = [line.plain for line in (*status._tables(found, width), *status._findings(found, width))]
    assert max(len(line) for line in lines if LONG not in line) <= width
    assert any("…" in line for line in lines) == (width < 200)
    assert f"problem[{PROBLEM['code']}] {LONG}:" in " ".join(" ".join(lines).split())


def test_hosts_with_the_same_problem_are_told_together():
    both = [{**PROBLEM, "host": name, "fix": f"look at {name}"} for name in ("a1", "b2")]
    lines = [line.plain for line in status._findings(document(problems=both), 80)]
    assert lines[1] == "problem[KB-NODE-NOT-READY] a1, b2: NotReady"
    assert "  fix: look at the host" in lines


def test_a_small_screen_shows_what_is_wrong_before_the_tables():
    lines = [line.plain for line in status._screen(document(), 80)]
    assert lines[0] == "c: 1 problem; no API server answers (1.0 s)"
    assert lines[1].startswith("[KB-NODE-NOT-READY] k8s-")
    assert len(lines[1]) == 80
    assert lines[3].startswith("NODE")


def test_off_a_terminal_it_is_plain_lines():
    stream = io.StringIO()
    with Screen(stream) as screen:
        screen.show(document(), "every 5 s")
    assert stream.getvalue().splitlines() == brief_lines(document())
    assert brief_lines(document())[1].startswith("2026-11-30T10:00:00Z problem[KB-NODE-NOT-READY] k8s-")


@pytest.mark.parametrize(
    ("days", "words"),
    [(None, "never expires"), (30, "30 days left"), (0.5, "12 h left"), (0.01, "14 min left")],
)
def test_the_time_that_is_left(days: float | None, words: str):
    assert status._left(days) == words
