"""The bench's sums: medians, pairs, the table, raw numbers that are kept, and the sizes of its files."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from bench.figures import beyond, middle, ratio, ratios
from bench.markdown import LOADED, results_md
from bench.raw import Raw, load, save
from bench.table import rows
from bench.targets import Goal, Row
from bench.turns import in_turn, was_loaded

SERIES = {"ours: s": [1.0, 2.0, 9.0], "theirs: s": [2.0, 6.0, 9.0]}
FILES = sorted((Path(__file__).parents[3] / "bench").rglob("*.py"))


def test_ratio_is_the_median_of_pairs_and_not_that_of_medians() -> None:
    assert ratios(SERIES, "theirs: s", "ours: s") == (2.0, 3.0, 1.0)
    assert ratio(SERIES, "theirs: s", "ours: s") == 2.0
    assert middle(SERIES, "theirs: s") / middle(SERIES, "ours: s") == 3.0


def test_difference_is_of_pairs_too() -> None:
    assert beyond(SERIES, "theirs: s", "ours: s") == 1.0


def test_what_was_not_measured_has_no_figure() -> None:
    assert middle(SERIES, "none") is None
    assert ratio(SERIES, "theirs: s", "none") is None
    assert beyond({}, "theirs: s", "ours: s") is None


@pytest.mark.parametrize(
    ("limit", "is_least", "verdict"), [(2.0, True, "met"), (2.1, True, "missed"), (1.9, False, "missed")]
)
def test_a_goal_is_met_or_missed(limit: float, is_least: bool, verdict: str) -> None:
    goal = Goal(lambda found: ratio(found["p"], "theirs: s", "ours: s"), limit, "{:.1f}x", is_least)
    row = Row("as fast as the wire", "1.0x", (goal,))
    results = {"p": SERIES}
    assert row.cells(results)[2:] == ("2.0x", ("≥" if is_least else "≤") + f" {limit}x", verdict)
    assert bool(row.missed(results)) == (verdict == "missed")


def test_every_row_of_the_table_can_be_told_before_anything_was_measured() -> None:
    for row in rows():
        assert row.cells({})[2] == "not measured yet"
        assert row.cells({})[4] == ""
        assert row.missed({}) == []


def test_contenders_take_turns_after_one_run_each_that_does_not_count(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("bench.turns.LOOK", 0.0)
    monkeypatch.setattr("bench.turns.others_busy", lambda: 0.5)
    ran: list[str] = []

    def contender(name: str) -> dict[str, float]:
        ran.append(name)
        return {"s": len(ran)}

    raw = Raw("p")
    in_turn(raw, {"a": lambda: contender("a"), "b": lambda: contender("b")}, pairs=2)
    assert ran == ["a", "b", "a", "b", "a", "b"]
    assert raw.series == {"a: s": [3, 5], "b: s": [4, 6]}
    assert was_loaded(raw)


def test_raw_numbers_are_kept(tmp_path: Path) -> None:
    raw = Raw("p", series=SERIES, others_busy=[0.0], when="today")
    save(raw, tmp_path / "raw")
    assert load("p", tmp_path / "raw") == raw
    assert load("q", tmp_path / "raw") is None


def test_results_have_targets_raw_numbers_and_what_was_missed() -> None:
    goal = Goal(lambda found: middle(found.get("p", {}), "ours: s"), 1.0, "{:.1f} s")
    row = Row("a | b", "3 s", (goal,), why="The wire is long.")
    text = results_md([row], [Raw("p", series=SERIES, others_busy=[0.5])], [("a curve", "curve.svg")], "abc")
    assert "| a \\| b | 3 s | 2.0 s | ≤ 1.0 s | missed |" in text
    assert "- a | b: 2.0 s, wanted ≤ 1.0 s (+100%). The wire is long." in text
    assert "| ours: s | 2 | 1 2 9 |" in text
    assert "![a curve](curve.svg)" in text
    assert LOADED in text


def test_files_have_fewer_than_300_lines_and_functions_no_more_than_40() -> None:
    assert [str(path) for path in FILES if path.read_text().count("\n") >= 300] == []
    long = [
        f"{path}: {node.name}"
        for path in FILES
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef) and (node.end_lineno or 0) - node.lineno >= 40
    ]
    assert long == []
