"""What goes on now: which host, what, for how long, and no more rows than fit."""

from __future__ import annotations

from types import SimpleNamespace

from k8sboot.console.activity import Activities, Activity
from k8sboot.console.live import draw, sentence
from k8sboot.errors import StepFailed
from k8sboot.events import (
    Changed,
    Connected,
    Event,
    Failed,
    Output,
    PhaseEnded,
    PhaseStarted,
    RunEnded,
    RunStarted,
    Skipped,
    Waiting,
    Working,
)
from k8sboot.text.sanitize import safe_line

STARTED = RunStarted(command="up", cluster="c", hosts=("a", "b"), phases=("kernel",), is_dry=False)


def after(*events: Event) -> dict[str, str]:
    activities = Activities()
    for event in events:
        activities(event)
    return {a.host: f"{a.phase}: {a.what}" for a in activities.longest_first()}


def test_every_host_connects_first() -> None:
    assert after(STARTED) == {"a": "connect: connecting", "b": "connect: connecting"}


def test_a_connected_host_is_doing_nothing_until_a_phase_starts() -> None:
    assert after(STARTED, Connected(host="a", kernel="6", system="s")) == {"b": "connect: connecting"}


def test_a_host_does_what_was_told_of_it_last() -> None:
    at = {"host": "a", "phase": "kernel"}
    told = [
        (PhaseStarted(**at), "kernel: checking"),
        (Working(**at, what="install x"), "kernel: install x"),
        (Waiting(**at, what="docker", timeout=60), "kernel: waiting for docker"),
        (Changed(**at, what="load y"), "kernel: done: load y"),
    ]
    for event, expected in told:
        assert after(event) == {"a": expected}


def test_a_host_that_is_through_is_doing_nothing() -> None:
    at = {"host": "a", "phase": "kernel"}
    ends = [
        PhaseEnded(**at, changes=0, seconds=1),
        Failed(**at, error=StepFailed("no")),
        Skipped(**at, why="b failed"),
        RunEnded(changes={}, failed=(), is_dry=False, seconds=1),
    ]
    for end in ends:
        assert after(PhaseStarted(**at), end) == {}


def test_output_of_a_host_that_is_doing_nothing_is_no_activity() -> None:
    assert after(Output(host="a", line="late")) == {}


def test_seconds_count_from_the_beginning_of_what_is_being_done_and_the_longest_comes_first() -> None:
    clock = SimpleNamespace(now=100.0)
    activities = Activities(lambda: clock.now)
    activities(Working(host="a", what="old"))
    clock.now = 107
    activities(Working(host="b", what="young"))
    clock.now = 110
    assert [(a.host, activities.seconds(a)) for a in activities.longest_first()] == [("a", 10), ("b", 3)]


def rows(count: int, *, most: int = 15, width: int = 80, what: str = "install x") -> list[str]:
    shown = [(Activity(f"n{i}", "kernel", what, 0), 200.0 - i) for i in range(count)]
    return draw(shown, most=most, width=width, clean=safe_line).plain.split("\n")


def test_two_hundred_hosts_take_fifteen_rows() -> None:
    found = rows(200)
    assert len(found) == 15
    assert found[0].split() == ["n0", "kernel", "200", "s", "install", "x"]
    assert found[-1] == "… and 186 more"


def test_what_just_fits_is_shown_whole() -> None:
    assert len(rows(15)) == 15
    assert "more" not in rows(15)[-1]


def test_a_row_leaves_room_for_the_echo_of_ctrl_c() -> None:
    assert [len(row) for row in rows(1, width=30, what="x" * 500)] == [30 - len("^C^C")]


def test_hostile_output_cannot_steer_the_terminal() -> None:
    shown = [(Activity("a", "p", "install\x1b[2J", 0, output="\x1b]0;title\x07ok\n\rnext"), 1.0)]
    assert draw(shown, most=5, width=80, clean=safe_line).plain == "a p    1 s install: ok next"


def test_output_has_room_behind_a_long_name_of_what_is_done() -> None:
    shown = [(Activity("a", "p", "install " + "x" * 200, 0, output="Unpacking"), 1.0)]
    assert draw(shown, most=5, width=80, clean=safe_line).plain.endswith("x…: Unpacking")


def test_a_wait_shows_its_end() -> None:
    shown = [(Activity("a", "p", "waiting for x", 0, timeout=300), 12.0)]
    assert "12 s of 300 s" in draw(shown, most=5, width=80, clean=safe_line).plain


def test_the_heartbeat_names_the_longest_three() -> None:
    shown = [(Activity(f"n{i}", "p", "wait", 0), 90.0 - i) for i in range(5)]
    assert sentence(shown) == "in progress: n0: wait (90 s); n1: wait (89 s); n2: wait (88 s); and 2 more"


def test_off_a_terminal_a_wait_names_what_is_missing() -> None:
    wait = Activity("n1", "settle", "waiting for the Pods", 0.0, timeout=600, output="calico-node: Pending")
    job = Activity("n2", "images", "pull images", 0.0, output="pulling")
    assert sentence([(wait, 90), (job, 80)]) == (
        "in progress: n1: waiting for the Pods (90 s of 600 s): calico-node: Pending; n2: pull images (80 s)"
    )
