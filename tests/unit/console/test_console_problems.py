"""A problem as it is read on a terminal."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from k8sboot.console.problems import format_problem
from k8sboot.errors import Problem


def test_place_code_line_caret_and_help():
    problem = Problem("KB-X", "is wrong", "a.yaml", 3, 5, "  a: b", "did you mean `c`?")
    assert format_problem(problem).splitlines() == [
        "a.yaml:3:5: error[KB-X]: is wrong",
        "    3 |   a: b",
        "      |     ^",
        "  help: did you mean `c`?",
    ]


def test_what_is_not_known_is_left_out():
    assert (
        format_problem(Problem("KB-X", "is wrong", "a.yaml", is_warning=True))
        == "a.yaml: warning[KB-X]: is wrong"
    )


def test_the_caret_stands_under_its_column_behind_wide_characters():
    quoted, caret = format_problem(Problem("KB-X", "m", "f", 1, 4, "主机: x")).splitlines()[1:]
    assert quoted.endswith("主机: x")
    assert caret.index("^") == len("    1 | ") + 2 + 2 + 1


def test_a_long_line_is_cut_around_the_caret():
    lines = format_problem(Problem("KB-X", "m", "f", 1, 501, "a" * 500 + "B" + "c" * 500)).splitlines()
    assert len(lines[1]) < 140
    assert lines[1][lines[2].index("^")] == "B"


@pytest.mark.parametrize(
    "hostile", ["\x1b[2J", "\r", "\n", "\x00", "\x9b2J", "\u202e", "\u2028", "\x7f", "\ufeff"]
)
def test_nothing_steers_the_terminal(hostile):
    text = format_problem(
        Problem(f"K{hostile}", f"m{hostile}", f"f{hostile}", 1, 2, f"a{hostile}b", f"h{hostile}")
    )
    assert len(text.split("\n")) == 4
    assert not set(hostile) & set(text.replace("\n", "")) - set("[2J")


@given(st.text(), st.integers(0, 10**6), st.integers(0, 10**6))
def test_any_problem_can_be_told(text, line, column):
    for each in format_problem(Problem("KB-X", text, text, line, column, text, text)).split("\n"):
        assert each.isprintable() or not each.isascii()
