"""Plans as values: in order, there and back through a file, and what is another plan."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from inventories import spec

from k8sboot.errors import Refused, UsageError
from k8sboot.events import Changed, Failed, Notice, Unknown
from k8sboot.inventory.hosts import SshSettings
from k8sboot.inventory.os_settings import OsSettings
from k8sboot.plans import (
    Change,
    Document,
    Failure,
    Open,
    PlanComparison,
    Recorder,
    Step,
    digests,
    read_plan,
    write_plan,
)
from k8sboot.secret import Secret
from k8sboot.text.redact import Redactor

texts = st.text(max_size=12)
changes = st.builds(Change, texts, texts, st.lists(texts, max_size=2).map(tuple))
opens = st.builds(Open, texts, texts)
NAMES, PHASES = ("m1", "n1"), ("hosts", "kernel")


@st.composite
def steps(draw):
    return tuple(
        Step(
            phase, host, tuple(draw(st.lists(changes, max_size=3))), tuple(draw(st.lists(opens, max_size=2)))
        )
        for phase in PHASES
        for host in NAMES
        if draw(st.booleans())
    )


def document(given=(), **more) -> Document:
    hosts = dict.fromkeys(NAMES, "192.0.2.1")
    return Document(
        "c", hosts, PHASES, {"os": "0"}, steps=tuple(given), created="2026-01-31T12:00:00Z", **more
    )


def recorded(*events) -> Recorder:
    recorder = Recorder(spec(nodes=1).hosts, PHASES, Redactor(["hunter2"]))
    for event in events:
        recorder(event)
    return recorder


def replayed(given) -> Recorder:
    """What a recorder hears when these are done."""
    return recorded(
        *(
            event
            for step in given
            for event in (
                *(
                    Changed(host=step.host, phase=step.phase, what=c.what, diff=c.diff, commands=c.commands)
                    for c in step.changes
                ),
                *(
                    Unknown(host=step.host, phase=step.phase, what=o.what, after=o.after)
                    for o in step.unknown
                ),
            )
        )
    )


@given(steps(), st.none() | st.just(("n1",)))
def test_a_plan_is_the_same_after_its_way_through_a_file(tmp_path_factory, given_steps, limit):
    plan = document(given_steps, limit=limit, failed=(Failure("n1", "hosts", "X", "é\ud800"),))
    path = tmp_path_factory.mktemp("plans") / "plan.json"
    write_plan(str(path), plan)
    assert read_plan(str(path)) == plan
    assert json.loads(path.read_text())["summary"]["changes"] == plan.changes


@given(steps(), steps())
def test_only_the_very_same_is_the_same_plan(planned, now):
    full = [[s for s in each if s.changes or s.unknown] for each in (planned, now)]
    problem = PlanComparison(document(planned), replayed(now)).problem()
    assert (problem is None) == (full[0] == full[1])


@given(steps())
def test_the_same_again_is_no_reason_to_complain(planned):
    assert PlanComparison(document(planned), replayed(planned)).problem() is None


def problem(planned, now) -> Refused:
    found = PlanComparison(document(planned), replayed(now)).problem()
    assert found is not None
    return found


def test_the_first_difference_is_told_and_a_few_more():
    planned = [Step("hosts", "n1", tuple(Change(f"do {i}") for i in range(9)))]
    found = problem(planned, [Step("hosts", "m1", (Change("do more"),))])
    assert (found.error_code, found.host, found.exit_code) == ("KB-PLAN-CHANGED", "m1", 1)
    assert found.why == "not in the plan: do more"
    assert found.detail.splitlines()[1] == "n1 hosts: in the plan only: do 0"
    assert found.detail.splitlines()[-1] == "and 5 more differences"


@pytest.mark.parametrize(
    ("one", "other", "says"),
    [
        (Change("a", "x\ny\n"), Change("a", "x\nz\n"), "differs from the plan: a (planned 'y', now 'z')"),
        (Change("a", "", ("ls",)), Change("a", "", ("ls", "rm x")), "(planned 'nothing', now 'rm x')"),
        (Open("init", "b"), Open("join", "b"), "unknown in the plan, but not now: b, known only after init"),
    ],
)
def test_a_difference_is_told_by_its_first_line(one, other, says):
    pair = [
        Step("hosts", "m1", **{"changes" if isinstance(c, Change) else "unknown": (c,)}) for c in (one, other)
    ]
    assert says in problem(pair[:1], pair[1:]).why


def test_hosts_and_phases_are_in_order_whoever_spoke_first():
    recorder = recorded(
        Unknown(host="n1", phase="kernel", after="hosts"),
        Changed(host="n1", phase="hosts", what="b", diff="hunter2", commands=("c hunter2",)),
        Notice(host="n1", phase="hosts", code="X", text="x"),
        Changed(host="m1", phase="hosts", what="a"),
        Changed(host="n1", phase="hosts", what="c"),
        Failed(host="m1", phase="kernel", error=Refused("no hunter2", host="m1")),
    )
    found = recorder.document(spec(nodes=1), limit=frozenset({"n1"}))
    assert [(s.phase, s.host) for s in found.steps] == [("hosts", "m1"), ("hosts", "n1"), ("kernel", "n1")]
    assert found.steps[1].changes == (Change("b", "***", ("c ***",)), Change("c"))
    assert found.failed == (Failure("m1", "kernel", "KB-REFUSED", "no ***"),)
    assert (found.limit, found.changes, found.changed_hosts, found.unknown) == (("n1",), 3, 2, 1)


def test_secrets_are_no_part_of_what_an_inventory_means():
    plain = spec()
    ssh = SshSettings(password=Secret("a"))
    secret = replace(plain, masters=(replace(plain.masters[0], ssh=ssh),))
    assert digests(plain) == digests(secret)
    other = replace(plain, masters=(replace(plain.masters[0], ssh=SshSettings(port=2222)),))
    assert [n for n in digests(plain) if digests(plain)[n] != digests(other)[n]] == ["masters"]


def test_every_section_has_a_digest_of_its_own():
    plain, other = digests(spec()), digests(spec(os=OsSettings(timezone="Etc/UTC")))
    assert [name for name in plain if plain[name] != other[name]] == ["os"]
    assert {len(digest) for digest in plain.values()} == {64}


def test_a_file_that_cannot_be_written_leaves_nothing_behind(tmp_path):
    (tmp_path / "plan.json").mkdir()
    (tmp_path / "plan.json" / "x").touch()
    with pytest.raises(Exception, match="cannot write the plan"):
        write_plan(str(tmp_path / "plan.json"), document())
    assert [path.name for path in tmp_path.iterdir()] == ["plan.json"]


@given(st.binary(max_size=60) | st.text(max_size=60).map(str.encode))
def test_nonsense_is_refused_and_never_a_mistake_of_ours(tmp_path_factory, data):
    path = tmp_path_factory.mktemp("plans") / "plan.json"
    path.write_bytes(data)
    with pytest.raises(UsageError):
        read_plan(str(path))


@given(steps())
def test_a_plan_that_lists_no_hosts_and_no_phases_permits_nothing(now):
    nothing = replace(document(), hosts={}, phases=())
    found = PlanComparison(nothing, replayed(now)).problem()
    assert (found is None) == (not any(step.changes or step.unknown for step in now))
