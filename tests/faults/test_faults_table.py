"""docs/faults.md and the tests agree: every row has its tests or its reason. Needs no lab."""

from __future__ import annotations

import ast
import functools
from pathlib import Path

import pytest
from faultrows import DOCUMENT, NOT_HERE, Row, documented

TESTS = Path(__file__).parents[1]
ROWS = [row.number for row in documented()]


@functools.cache
def marked() -> dict[int, set[str]]:
    """The tests in this folder by the rows they are marked with."""
    found: dict[int, set[str]] = {number: set() for number in ROWS}
    for path in Path(__file__).parent.rglob("test_*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef):
                for number in _rows_of(node):
                    found[number].add(node.name)
    return found


def _rows_of(test: ast.FunctionDef) -> list[int]:
    calls = [d for d in test.decorator_list if isinstance(d, ast.Call)]
    return [ast.literal_eval(c.args[0]) for c in calls if isinstance(c.func, ast.Name) and c.func.id == "row"]


@functools.cache
def everywhere() -> dict[str, bool]:
    """The tests of the project by their names: whether `--slow` is needed, be it for a part of their cases."""
    return {
        node.name: is_slow(tree) or "mark.slow" in str(list(map(ast.unparse, node.decorator_list)))
        for path in TESTS.rglob("test_*.py")
        for tree in (ast.parse(path.read_text()),)
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef)
    }


def is_slow(tree: ast.Module) -> bool:
    marks = [ast.unparse(node) for node in tree.body if isinstance(node, ast.Assign)]
    return any(mark.startswith("pytestmark") and "mark.slow" in mark for mark in marks)


def test_the_page_says_which_rows_ci_leaves_out() -> None:
    slow = {row.number: {name for name in row.tests if everywhere()[name]} for row in documented()}
    left_out = [str(row.number) for row in documented() if row.tests and slow[row.number] == row.tests]
    in_part = [
        str(row.number) for row in documented() if slow[row.number] and str(row.number) not in left_out
    ]
    page = " ".join(DOCUMENT.read_text().split())
    assert f"CI leaves out rows {', '.join(left_out)}." in page
    assert f"It tests a part of rows {', '.join(in_part)}." in page


def test_every_row_is_there_once_and_in_order() -> None:
    assert sorted(set(ROWS)) == ROWS
    assert ROWS[:63] == list(range(1, 64))


@pytest.mark.parametrize("row", documented(), ids=lambda row: str(row.number))
def test_row_has_its_tests_or_its_reason(row: Row) -> None:
    assert row.fault
    assert row.expected
    assert row.seen
    assert row.tests or (row.proof.startswith(NOT_HERE) and len(row.proof) > len(NOT_HERE))
    assert marked()[row.number] <= row.tests, "a test has this row's mark and is not in the table"
    assert row.tests <= everywhere().keys(), "the table names a test that is not there"
