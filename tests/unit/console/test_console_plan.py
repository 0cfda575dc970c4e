"""A plan on a screen: hosts with the same together, what is long cut, and a last line that says it all."""

from __future__ import annotations

import io
from typing import Any

import pytest

from k8sboot.console.plan import show_plan
from k8sboot.plans import Change, Document, Failure, Open, Step

TITLES = {"hosts": "Set host names.", "kernel": "Load modules."}


def plan(*steps: Step, hosts: int = 3, **more: Any) -> Document:
    names = {f"n{i}": f"10.0.0.{i}" for i in range(1, hosts + 1)}
    return Document("lab", names, tuple(TITLES), {}, steps=steps, **more)


def shown(document: Document, **options: Any) -> list[str]:
    return show_plan(io.StringIO(), document, TITLES, **options).splitlines()


def on_each(hosts: int, *changes: str) -> list[Step]:
    """The same for hosts n1 ..., but for NAME and ADDRESS in it."""
    return [
        Step(
            "hosts",
            f"n{i}",
            tuple(
                Change(each.replace("NAME", f"n{i}").replace("ADDRESS", f"10.0.0.{i}"), "x: 1 -> 2\n")
                for each in changes
            ),
        )
        for i in range(1, hosts + 1)
    ]


def test_a_whole_plan_reads_from_top_to_bottom():
    steps = (
        Step("hosts", "n1", (Change("write /f", "--- /f\n+++ /f\n@@ -1 +1 @@\n-a\n+b\n"),)),
        Step(
            "kernel", "n2", (Change("load x", "x: off -> on\n", ("modprobe x",)),), (Open("hosts", "load y"),)
        ),
        Step("kernel", "n3", (), (Open("hosts"),)),
    )
    assert shown(plan(*steps)) == [
        "Plan for lab: 3 hosts, 2 phases",
        "",
        "hosts: Set host names",
        "  n1",
        "    ~ write /f",
        "      --- /f",
        "      +++ /f",
        "      @@ -1 +1 @@",
        "      -a",
        "      +b",
        "",
        "kernel: Load modules",
        "  n2",
        "    ~ load x",
        "      x: off -> on",
        "      $ modprobe x",
        "    ? load y: known only after hosts",
        "  n3",
        "    ? known only after hosts",
        "",
        "2 changes on 2 hosts, 2 things known only later",
    ]


def test_hosts_with_the_same_before_them_are_shown_together():
    assert "  n1, n2, n3" in shown(plan(*on_each(3, "do it")))
    many = shown(plan(*on_each(42, "do it"), hosts=42))
    assert "  n1, n2 and 40 more" in many
    assert len(many) == 8


def test_what_differs_in_the_hosts_own_name_and_address_alone_is_the_same():
    many = shown(plan(*on_each(50, "name it NAME", "write ADDRESS", "write n1 n12 10.0.0.1"), hosts=50))
    assert "  n1, n2 and 48 more" in many
    assert "    ~ name it n1 (the others their own name and address)" in many
    assert "    ~ write n1 n12 10.0.0.1" in many, "the very same for all of them, whosever name it is"
    assert len(many) == 12


def test_a_name_within_another_is_not_the_hosts_own():
    one, other = Step("hosts", "n1", (Change("n1-x"),)), Step("hosts", "n2", (Change("n2-x"),))
    assert "    ~ n2-x" in shown(plan(one, other))


def test_a_difference_that_was_shown_is_not_shown_again_in_its_phase():
    diff = "".join(f"+{i}\n" for i in range(9))
    steps = (
        Step("hosts", "n1", (Change("write /f", diff), Change("a"))),
        Step("hosts", "n2", (Change("write /f", diff), Change("b"))),
        Step("kernel", "n2", (Change("write /f", diff),)),
    )
    lines = shown(plan(*steps))
    assert "    ~ write /f (as on n1)" in lines
    assert lines.count("      +8") == 2


@pytest.mark.parametrize(("is_full", "count"), [(False, 40), (True, 43)])
def test_a_long_difference_is_cut_unless_all_is_asked_for(is_full, count):
    head = ["--- /dev/null", "+++ /f", "@@ -0,0 +1,40 @@"]
    diff = "".join(f"{line}\n" for line in [*head, *(f"+{i}" for i in range(40))])
    lines = shown(
        plan(Step("hosts", "n1", (Change("write /f, /g", diff + "--- /g\n+x\n"),))), is_full=is_full
    )
    begin = lines.index("      --- /dev/null")
    assert lines.index("      --- /g") - begin == count + (not is_full)
    assert ("      ... and 3 more lines: all with -v, or -o json" in lines) is not is_full


@pytest.mark.parametrize(
    ("document", "says"),
    [
        (plan(), "nothing would change"),
        (plan(Step("hosts", "n1", (Change("a"),))), "1 change on 1 host"),
        (plan(Step("hosts", "n1", (), (Open("x"),))), "1 thing known only later"),
        (plan(failed=(Failure("n1", "hosts", "KB-X", "no"),)), "not complete: no change planned"),
    ],
)
def test_the_last_line_says_it_all(document, says):
    assert shown(document)[-1] == says


def test_who_failed_is_named_above_it():
    lines = shown(plan(failed=(Failure("n1", "hosts", "KB-X", "no\x1b[2J"),)))
    assert lines[-2] == "! n1 failed in hosts: no [KB-X]"


def test_what_hosts_say_cannot_take_over_the_screen():
    evil = "\x1b[2J\x1b]0;x\x07\u202eevil\r"
    steps = Step("hosts", "n1", (Change(f"do {evil}", f"+{evil}\n", (f"echo {evil}",)),))
    text = "\n".join(shown(plan(steps)))
    assert not {"\x1b", "\x07", "\u202e", "\r"} & {*text}
    assert text.count("evil") == 3
