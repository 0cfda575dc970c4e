"""What a probe's output is taken for, whatever it is."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from k8sboot.host.probe import parse
from k8sboot.host.reads import Reads, union


def test_a_union_asks_each_thing_once_in_order():
    both = union([Reads(files=("/a", "/b"), units=("x",)), Reads(files=("/b", "/c"), sysctls=("k",))])
    assert both == Reads(files=("/a", "/b", "/c"), units=("x",), sysctls=("k",))


WORDS = st.sampled_from(
    ["fact", "file", "absent", "other", "module", "sysctl", "package", "broken", "unit", "answer", "Id=x",
     "ActiveState=active", ".", "-", "9", "/etc/x", "é", "eA==", "\x85", "\u2028", "=", "hostname"]
)  # fmt: skip


@given(st.lists(st.lists(WORDS, max_size=8).map(" ".join), max_size=12).map("\n".join) | st.text())
def test_no_output_makes_the_parser_or_the_facts_fail(text):
    seen = parse(text)
    assert seen.host_facts.cpus >= 0
    assert seen.due_restarts is not None


def test_a_value_cannot_pretend_to_be_another_line():
    seen = parse("sysctl k rw a\x0bpackage evil 1 held\x85package evil 1 held\u2028package evil 1 held\n")
    assert seen.packages == {}
    assert seen.sysctls["k"][0].startswith("a")


def test_one_broken_line_takes_no_other_with_it():
    seen = parse(
        "file /etc/x 9z9 root:root 1 abc .eA==\nabsent /etc/y\npackage a\npackage b 1 held\nanswer q x .\n"
    )
    assert seen.files == {"/etc/y": None}
    assert seen.packages == {"b": ("1", True)}
