"""What is read out of a run's records, whole or cut."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from k8sboot.journal.render import render
from k8sboot.journal.summary import parse, steps_of, summary_of

HOSTS = ["m1", "n1", "n2"]
LAST = "verify"


def started(**more: Any) -> dict[str, Any]:
    return {
        "event": "RunStarted",
        "command": "up",
        "cluster": "c",
        "hosts": HOSTS,
        "phases": ["kernel", LAST],
        "is_dry": False,
        **more,
    }


def ended(*failed: str) -> dict[str, Any]:
    return {"event": "RunEnded", "changes": {}, "failed": list(failed), "is_dry": False, "seconds": 1.0}


def did(host: str, *phases: str) -> list[dict[str, Any]]:
    return [
        record
        for phase in phases
        for record in (
            {"event": "PhaseStarted", "host": host, "phase": phase},
            {"event": "PhaseEnded", "host": host, "phase": phase, "changes": 0, "seconds": 0.1},
        )
    ]


def failed(host: str, phase: str = "kernel") -> dict[str, Any]:
    return {"event": "Failed", "host": host, "phase": phase, "error": {"code": "KB-STEP", "what": "no"}}


def skipped(host: str, why: str = "m1 failed in kernel") -> dict[str, Any]:
    return {"event": "Skipped", "host": host, "phase": "kernel", "why": why}


INTERRUPTED = {"event": "Notice", "code": "KB-INTERRUPTED", "text": "^C: nothing new starts"}
ALL = [*did("m1", "kernel", LAST), *did("n1", "kernel", LAST), *did("n2", "kernel", LAST)]
N1_FAILED = [*did("m1", "kernel", LAST), failed("n1"), *did("n2", "kernel", LAST)]


@pytest.mark.parametrize(
    ("records", "unfinished"),
    [
        ([started(), *ALL, ended()], []),
        ([started(), *N1_FAILED, ended("n1")], ["n1"]),
        ([started(), failed("n2", "connect"), *did("m1", LAST), *did("n1", LAST), ended("n2")], ["n2"]),
        ([started(), failed("m1"), skipped("n1"), *did("n2", "kernel", LAST), ended("m1")], ["m1", "n1"]),
        ([started(), failed("m1", "connect"), skipped("n1"), skipped("n2"), ended("m1")], HOSTS),
        ([started(), *N1_FAILED], ["n1"]),
        ([started(), *did("m1", "kernel", LAST), *did("n1", "kernel")], ["n1", "n2"]),
        ([started()], HOSTS),
        ([started(), *did("m1", LAST), INTERRUPTED, skipped("n1", "interrupted"), ended("n1")], ["n1", "n2"]),
        ([started(), *did("m1", LAST), *did("n2", LAST), ended("n1")], ["n1"]),
        ([started(limit=["n2"], hosts=["m1", "n2"]), failed("n2"), ended("n2")], ["n2"]),
        ([started(limit=["n1", "n2"]), *did("n1", LAST), *did("n2", LAST), failed("m1"), ended("m1")], ["n1", "n2"]),
        ([started(limit=["n1", "n2"]), *did("n1", LAST)], ["n2"]),
        ([started(phases=["kernel"]), *did("m1", "kernel"), ended()], []),
    ],
    ids=[
        "all went well",
        "a node failed",
        "a node is away",
        "a master failed, and a node was skipped for it",
        "the first master is away",
        "killed after a failure",
        "killed at work on nodes",
        "killed at once",
        "interrupted: what was not told of may have been due, too",
        "left while a host was busy",
        "limited, and it failed",
        "limited, and the first master failed for it",
        "limited and killed: the first master is none of its hosts",
        "phases that are not for all hosts",
    ],
)  # fmt: skip
def test_the_hosts_that_a_run_did_not_finish(records, unfinished):
    assert summary_of(records).unfinished == unfinished


def test_a_host_whose_job_was_ended_by_wish_has_not_failed():
    ended_by_wish = {**failed("n1"), "error": {"code": "KB-INTERRUPTED", "what": "was asked to end"}}
    story = summary_of([started(), *did("m1", LAST), ended_by_wish, *did("n2", LAST), ended("n1")])
    assert (story.failed, story.was_cut, story.unfinished) == ([], True, ["n1"])
    assert [walk.result for walk in story.results if walk.host == "n1"] == ["cut short"]


def test_a_change_that_began_and_did_not_end_is_under_way():
    change = {"host": "n1", "phase": "kernel", "what": "load x"}
    begun = {"event": "Changing", **change}
    assert summary_of([started(), begun]).under_way == {"n1": begun}
    done = summary_of([started(), begun, {"event": "Changed", **change}])
    assert (done.under_way, done.changes) == ({}, {"n1": 1})
    assert summary_of([started(), begun, failed("n1")]).under_way == {}


def test_steps_of_a_host_are_in_order_and_a_change_is_told_once():
    def change(event, what, host="n1"):
        return {"event": event, "host": host, "what": what}

    records = [
        change("Changing", "a"),
        change("Changing", "z", "n2"),
        {"event": "Output", "host": "n1", "line": "x"},
        change("Changed", "a"),
        change("Changing", "b"),
        failed("n1"),
    ]
    assert [(r["event"], r.get("what")) for r in steps_of(records, "n1")] == [
        ("Changed", "a"),
        ("Changing", "b"),
        ("Failed", None),
    ]


@pytest.mark.parametrize("cut", range(0, 90, 7))
def test_a_last_line_that_was_cut_is_passed_over(cut):
    lines = [json.dumps(r) for r in (started(), failed("n1"))]
    line = json.dumps({"event": "Changed", "host": "n1", "what": "x" * 100})
    assert [r["event"] for r in parse([*lines, line[:cut]])] == ["RunStarted", "Failed"]


def test_a_line_cut_in_the_middle_of_a_journal_hides_the_next_at_most():
    lines = [json.dumps(started())[:20] + json.dumps(failed("n1")), json.dumps(ended())]
    assert [r["event"] for r in parse(lines)] == ["RunEnded"]


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)
EVENTS = [
    "Journal", "RunStarted", "Connected", "PhaseStarted", "PhaseEnded", "Changing", "Changed", "Working", "Waiting",
    "Output", "Notice", "Unknown", "Skipped", "Failed", "RunEnded", "SomethingNew",
]  # fmt: skip
FIELDS = [
    "host",
    "phase",
    "what",
    "commands",
    "diff",
    "error",
    "seconds",
    "changes",
    "failed",
    "hosts",
    "time",
    "why",
]


@given(st.lists(st.tuples(st.sampled_from(EVENTS), st.dictionaries(st.sampled_from(FIELDS), VALUES))))
def test_no_record_whatever_is_in_it_stops_a_reader(found):
    records = list(parse(json.dumps({"event": event, **fields}) for event, fields in found))
    story = summary_of(records)
    assert story.unfinished is not None
    for record in records:
        for line in render(record):
            assert line == line.strip("\n\r\x1b")
            assert "\n" not in line


@given(st.lists(st.text(), max_size=5))
def test_lines_that_are_no_records_are_none(lines):
    assert all(isinstance(record["event"], str) for record in parse(lines))


def test_a_change_is_rendered_with_its_diff_and_commands_below_it():
    change = {
        "event": "Changed",
        "what": "write /f",
        "diff": "--- a\n+x\n",
        "commands": ["a\nb"],
        "seconds": 0.25,
    }
    head, *details = render({**change, "is_dry": False})
    assert head.endswith("+ write /f (0.2 s)")
    assert details == ["    --- a", "    +x", "    $ a", "    $ b"]
    assert render({**change, "is_dry": True})[0].endswith(" ~ write /f")


def test_a_failure_is_rendered_in_full():
    error = {"code": "KB-X", "what": "no", "why": "full", "fix": "free space", "detail": "out\x1b[0m\nerr"}
    head, *details = render({"event": "Failed", "phase": "kernel", "error": error})
    assert head.endswith(" x kernel: no [KB-X]")
    assert details == ["    why: full", "    fix: free space", "    | out", "    | err"]


def test_a_number_that_is_none_or_too_large_is_no_problem():
    for timeout in (None, "x", 10**400, float("nan"), float("inf")):
        (line,) = render({"event": "Waiting", "what": "docker", "timeout": timeout})
        assert line.endswith("* waiting for docker, at most ?"), timeout
