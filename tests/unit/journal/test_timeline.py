"""When each host did what, and what the run waited for."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from made_phases import Log
from runs import run

from k8sboot.events import Barrier, Event
from k8sboot.journal.critical_path import Waits
from k8sboot.journal.records import record_of
from k8sboot.journal.timeline import Timeline, timeline_of
from k8sboot.journal.timeline_json import timeline_json
from k8sboot.journal.timeline_text import path_lines, ticks, timeline_lines
from k8sboot.phase import everyone, first_master, nodes
from k8sboot.text.redact import Redactor

BARRIERS = {"b": ("a",), "c": ("b",)}
HOSTS = ("m1", "n1", "n2")


def story(
    *lines: str, barriers: Any = None, hosts: tuple[str, ...] = HOSTS, **more: Any
) -> list[dict[str, Any]]:
    """The records of a run, from lines like '3.5 n1 a' (begins), '4 n1 a!' (ends), '9 n1 x' and a mark.

    Marks: ! ends, # fails, - was not started, ? waits for an earlier job. A phase @ is the end of connecting.
    """
    declared = [
        {"phase": phase, **(how if isinstance(how, dict) else {"after": list(how)})}
        for phase, how in (BARRIERS if barriers is None else barriers).items()
    ]
    found = [{"event": "RunStarted", "monotonic": 1000.0, "hosts": list(hosts), "phases": ["a", "b", "c"],
              "barriers": declared, **more}]  # fmt: skip
    for line in lines:
        moment, *words = line.split()
        host, phase = words if len(words) == 2 else ("", "")
        found.append({"monotonic": 1000 + float(moment), "host": host, **_event(phase)})
    return found


def _event(phase: str) -> dict[str, Any]:
    name, mark = phase.rstrip("!#-?"), phase[-1:]
    if name == "@":
        error = {"error": {"code": "KB-UNREACHABLE", "what": "no answer"}}
        return {"event": "Failed", "phase": "connect", **error} if mark == "#" else {"event": "Connected"}
    kinds: dict[str, dict[str, Any]] = {
        "!": {"event": "PhaseEnded", "changes": 1},
        "#": {"event": "Failed", "error": {"code": "KB-STEP", "what": "no luck"}},
        "-": {"event": "Skipped", "why": "m1 failed in a"},
        "?": {"event": "Waiting", "what": "a job of an earlier run to end", "timeout": 3600},
    }
    started = {"event": "PhaseStarted" if phase else "RunEnded"}
    return {"phase": name, **kinds.get(mark, started)}


def read(records: list[dict[str, Any]]) -> tuple[Timeline, Waits]:
    timeline = timeline_of(records)
    return timeline, Waits(timeline, {})


def path(records: list[dict[str, Any]]) -> list[str]:
    """The critical path, without phases that took no time."""
    return [
        f"{step.bar.host} {step.bar.phase} {step.bar.begin:g}-{step.bar.end:g}"
        for step in read(records)[1].path
        if step.bar.end > step.bar.begin
    ]


KNOWN = (
    "1 m1 @", "2 n2 @", "3 n1 @",
    "3.5 m1 a", "3.5 n1 a", "3.5 n2 a", "4 n1 a!", "5 m1 a!", "10 n2 a!",
    "10 m1 b", "12 m1 b!",
    "12 m1 c", "12 n1 c", "12 n2 c", "13 m1 c!", "14 n2 c!", "20 n1 c!", "20.5",
)  # fmt: skip


def test_a_run_waited_for_the_slowest_host_at_each_barrier():
    timeline, waits = read(story(*KNOWN))
    assert path(story(*KNOWN)) == [
        "n1 connect 0-3", "m1 checks 3-3.5", "n2 a 3.5-10", "m1 b 10-12", "n1 c 12-20",
    ]  # fmt: skip
    assert [step.waited for step in waits.path] == [0, 2, 1.5, 5, 8]
    assert waits.by_host == {"m1": 7.0, "n1": 8.5, "n2": 3.5}
    assert timeline.seconds == 20.5


def test_a_host_goes_on_by_itself_where_nothing_is_to_wait_for():
    assert path(story(*KNOWN, barriers={})) == [
        "n1 connect 0-3",
        "m1 checks 3-3.5",
        "n1 a 3.5-4",
        "n1 c 12-20",
    ]


def test_the_path_follows_the_order_of_the_journal_whatever_the_clock_did():
    records = [
        {**each, "time": 5000 + each["monotonic"] - (3600 if each["monotonic"] > 1009 else 0)}
        for each in story(*KNOWN)
    ]
    assert path(records) == path(story(*KNOWN))
    for each in records:
        del each["monotonic"]
    timeline, waits = read(records)
    assert [step.bar.host for step in waits.path] == ["n1", "m1", "n2", "m1", "n1"]
    assert timeline.seconds == 15.5, "the clock stood still where it was set back: nobody knows how long"
    assert all(bar.end >= bar.begin for bar in timeline.bars)


def test_hosts_that_take_turns_wait_for_the_one_before():
    turns = ("0 m1 @", "0 n1 @", "0 n2 @", "0 m1 a", "5 m1 a!",
             "5 n1 b", "9 n1 b!", "9 n2 b", "15 n2 b!")  # fmt: skip
    in_turn = {"b": {"after": ["a"], "at_once": 1}}
    assert path(story(*turns, barriers=in_turn)) == ["m1 a 0-5", "n1 b 5-9", "n2 b 9-15"]
    assert path(story(*turns, barriers={"b": {"after": ["a"], "has_turn": True}})) == [
        "m1 a 0-5",
        "n1 b 5-9",
        "n2 b 9-15",
    ]
    assert path(story(*turns, forks=1)) == ["m1 a 0-5", "n1 b 5-9", "n2 b 9-15"]
    assert path(story(*turns, forks=2)) == ["m1 a 0-5", "n2 b 9-15"], "a second fork was free"


def test_a_host_that_went_on_at_once_waited_for_nobody_even_if_others_may_take_turns():
    records = story("0 m1 @", "0 n1 @", "0 n2 @", "0 n1 a", "0 n2 b", "4 n1 a!", "4 n1 b", "6 n2 b!", "9 n1 b!",
                    barriers={"b": {"has_turn": True}})  # fmt: skip
    assert path(records) == ["n1 a 0-4", "n1 b 4-9"]


def test_a_host_that_failed_keeps_others_waiting_until_then():
    records = story("0 m1 @", "0 n1 @", "0 n2 @", "0 m1 a", "0 n1 a", "0 n2 a", "1 m1 a!", "2 n2 a!", "8 n1 a#",
                    "8 m1 b", "9 m1 b!", "9")  # fmt: skip
    assert path(records) == ["n1 a 0-8", "m1 b 8-9"]
    (bar,) = [bar for bar in read(records)[0].bars if bar.result == "failed"]
    assert (bar.host, bar.phase, bar.why, bar.seconds) == ("n1", "a", "no luck", 8.0)


def test_a_host_whose_next_phase_was_not_started_waited_until_then():
    records = story("0 m1 @", "0 n1 @", "0 n2 @", "0 m1 a", "0 n1 a", "1 n1 a!", "8 m1 a#", "8 n1 b-", "8")
    assert read(records)[1].by_host["n1"] == 7
    assert path(records) == ["m1 a 0-8"]


def test_a_host_that_does_not_answer_keeps_all_waiting():
    records = story("1 m1 @", "2 n2 @", "30 n1 @#", "30 m1 a", "33 m1 a!", "33")
    assert path(records) == ["n1 connect 0-30", "m1 a 30-33"]
    assert read(records)[1].by_host["m1"] == 29


def test_an_error_before_the_first_phase_ends_the_path():
    failed = {
        "monotonic": 1006.0,
        "event": "Failed",
        "host": "n1",
        "phase": "membership",
        "error": {"what": "other"},
    }
    records = [*story("1 m1 @", "2 n1 @", "3 n2 @"), failed, *story("6 m1 a-", "6")[1:]]
    assert path(records) == ["n2 connect 0-3", "n1 membership 3-6"]


def test_a_host_that_is_busy_with_an_earlier_job_keeps_no_other_from_phases_that_only_look():
    records = story("0 m1 @", "0 n1 @", "0 n2 @", "0 n2 connect?", "0 m1 a", "5 m1 a!", "5 m1 b", "9 n2 a",
                    "10 m1 b!", "11 n2 a!", "11 m1 c", "12 m1 c!", barriers={"b": ("a",), "c": ("a",)})  # fmt: skip
    assert path(records) == ["n2 connect 0-9", "n2 a 9-11", "m1 c 11-12"]
    assert [bar.why for bar in read(records)[0].by_host["n2"]][
        1
    ] == "waiting for a job of an earlier run to end"


def test_a_run_that_was_killed_waited_for_what_had_been_running_longest():
    timeline, waits = read(story(*KNOWN[:14]))
    assert [(bar.host, bar.result, bar.end) for bar in timeline.bars if not bar.closed] == [
        (host, "under way", 12.0) for host in HOSTS
    ]
    assert f"{waits.path[-1].bar.host} {waits.path[-1].bar.phase}" == "m1 c"
    assert path(story(*KNOWN[:8]))[-1] == "n2 a 3.5-5"


def test_a_phase_that_ran_twice_has_two_bars():
    twice = story("0 m1 @", "0 m1 a", "2 m1 a!", "3 m1 a", "7 m1 a!", hosts=("m1",))
    assert [(bar.begin, bar.end) for bar in read(twice)[0].by_host["m1"] if bar.phase == "a"] == [
        (0, 2),
        (3, 7),
    ]
    assert path(twice) == ["m1 a 0-2", "m1 a 3-7"]


def test_an_older_journal_is_judged_by_the_phases_of_today():
    records = story(*KNOWN)
    del records[0]["barriers"]
    older = Waits(
        timeline_of(records), {"b": Barrier(phase="b", after=("a",)), "c": Barrier(phase="c", after=("b",))}
    )
    assert [step.bar for step in older.path] == [step.bar for step in read(story(*KNOWN))[1].path]


def test_what_the_runner_waits_for_is_what_its_journal_says(bare, log: Log):
    """Real barriers of a real run: n2 ends the first phase last, n1 the second; both must be on the path."""
    others = threading.Semaphore(0)

    def last(name: str):
        def work(_cluster, host):
            if host.name == name:
                assert all(others.acquire(timeout=30) for _ in range(2))
            else:
                told_end.add(host.name)

        return work

    told_end: set[str] = set()
    records = []

    def witness(event: Event) -> None:
        record = record_of(event, Redactor(()))
        records.append(record)
        if record["event"] == "PhaseEnded" and record["phase"] in ("a", "c") and record["host"] in told_end:
            others.release()

    phases = [
        log.phase("a", everyone, do=last("n2")),
        log.phase("b", first_master, after=("a",)),
        log.phase("c", everyone, after=("b",), do=last("n1")),
        log.phase("d", nodes, after=("c",), at_once=1),
    ]
    assert run(bare, phases, witness=witness).errors == {}
    waits = Waits(timeline_of(records), {})
    chain = [f"{step.bar.host} {step.bar.phase}" for step in waits.path if step.bar.phase in "abcd"]
    assert chain[:3] == ["n2 a", "m1 b", "n1 c"]
    assert sorted(chain[3:]) == ["n1 d", "n2 d"], "one after the other"


def shown(records: list[dict[str, Any]], width: int = 80) -> list[str]:
    return timeline_lines(*read(records), width)


def test_the_timeline_is_drawn_with_letters_and_the_critical_path_with_capitals():
    lines = shown(story(*KNOWN), width=44)
    assert lines[:4] == [
        "    0 s                10 s",
        "m1  aa....Bccc..........DDDee",
        "n1  AAAAAA.c...............EEEEEEEEEEEEEEEE",
        "n2  aaaa...CCCCCCCCCCCCC...eeee",
    ]
    assert all(len(line) <= 44 for line in lines[:-1])
    assert lines[5] == "a connect  b checks  c a  d b  e c"


def test_a_failure_and_a_name_from_outside_are_plain_characters():
    evil = "n1\x1b[31m\n<script>" + "x" * 300
    lines = shown(story("0 m1 @", "0 m1 a#", hosts=("m1", evil)))
    assert any("!" in line for line in lines[:3])
    assert all(line.isprintable() and len(line) <= 80 for line in lines)


def test_of_many_hosts_those_of_the_path_and_those_that_failed_are_shown():
    hosts = ("m1", *(f"n{n}" for n in range(299)))
    records = story(*(f"1 {h} @" for h in hosts), *(f"2 {h} a" for h in hosts), "3 n150 a#",
                    *(f"4 {h} a!" for h in hosts if h not in ("n150", "n298")), "9 n298 a!", hosts=hosts)  # fmt: skip
    lines = shown(records)
    names = [line.split()[0] for line in lines[1:31]]
    assert {"m1", "n150", "n298"} <= set(names)
    assert lines[31] == "and 270 more hosts"


def test_the_critical_path_is_told_with_seconds_and_with_who_waited():
    told = path_lines(*read(story(*KNOWN)))
    assert told[0] == "critical path: what the run waited for, 20.0 s"
    assert [line.split(maxsplit=6) for line in told[2:]][-3:] == [
        ["10.0", "s", "2.0", "s", "m1", "b", "waited 5.0 s for n2 a"],
        ["12.0", "s", "8.0", "s", "n1", "c", "waited 8.0 s for m1 b"],
        ["waited", "for", "other", "hosts:", "n1", "8.5", "s (41 %), m1 7.0 s (34 %), n2 3.5 s (17 %)"],
    ]
    assert path_lines(*read([])) == ["no host ran a phase"]


def test_programs_get_the_same_numbers():
    found = timeline_json(*read(story(*KNOWN)))
    assert [(each["host"], each["phase"]) for each in found["criticalPath"]][-2:] == [
        ("m1", "b"),
        ("n1", "c"),
    ]
    (bar,) = [bar for bar in found["bars"] if (bar["host"], bar["phase"]) == ("n1", "c")]
    assert (bar["begin"], bar["seconds"], bar["changes"], bar["isCritical"]) == (12.0, 8.0, 1, True)
    assert (bar["waited"], bar["waitedFor"]) == (8.0, {"host": "m1", "phase": "b"})


@pytest.mark.parametrize("seconds", [0.0, 0.04, 1.5, 59.0, 61.0, 3599.0, 90_000.0, 4e6])
def test_the_axis_has_no_more_marks_than_fit(seconds):
    marks = ticks(seconds, 6)
    assert 1 <= len(marks) <= 7
    assert marks[0][0] == 0


VALUES = (
    st.none()
    | st.integers()
    | st.floats()
    | st.sampled_from(["m1", "n1", "a", "connect", ["m1"], {"phase": "a"}])
)
RECORD = st.fixed_dictionaries(
    {"event": st.sampled_from(["RunStarted", "Connected", "Waiting", "PhaseStarted", "PhaseEnded", "Unknown", "Changed",
                               "Skipped", "Failed", "RunEnded"])},
    optional=dict.fromkeys(["host", "phase", "monotonic", "time", "hosts", "phases", "barriers", "forks", "seconds",
                            "changes", "error", "what"], VALUES),
)  # fmt: skip


@settings(max_examples=40)
@given(st.lists(RECORD, max_size=8))
@example([{"event": "PhaseStarted"}, {"event": "Skipped", "phase": "m1", "time": 1}, {"event": "RunStarted"}])
def test_no_record_whatever_is_in_it_stops_the_timeline(records):
    timeline, waits = read(records)
    assert path_lines(timeline, waits)
    assert not timeline.bars or timeline_lines(timeline, waits, 80)
    assert timeline_json(timeline, waits)["bars"] is not None
