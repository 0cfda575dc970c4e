"""docs/runbook.md names phases that there are, and every mended mistake has its test and its place in the table."""

from __future__ import annotations

import re
from pathlib import Path

from k8sboot.runbook import UP

HERE = Path(__file__).parent
TABLE = (HERE.parents[2] / "docs" / "runbook.md").read_text()
ROWS = range(1, 36)
NAMES = {phase.name for phase in UP}


def lines():
    """The cells of each line of the runbook's tables."""
    body = TABLE.partition("## How the systems differ")[0]
    rows = [
        [cell.strip() for cell in line.strip("|").split(" | ")]
        for line in body.splitlines()
        if line[:1] == "|"
    ]
    return [row for row in rows if row[0] != "the runbook" and not row[0].startswith("---")]


def test_runbook_table_names_phases_that_there_are():
    assert len(lines()) > 40
    for _, phases, why in lines():
        assert why
        for name in re.findall(r"`([^`]+)`", phases):
            is_family = name.endswith("*") and any(known.startswith(name[:-1]) for known in NAMES)
            assert name in NAMES or name.startswith("k8sboot ") or is_family, name


def test_runbook_table_says_where_each_mistake_was_mended():
    said = {int(number) for row in lines() for group in re.findall(r"\((\d+(?:, \d+)*)\)", row[2])
            for number in group.split(", ")}  # fmt: skip
    assert said == set(ROWS)


def test_runbook_mistakes_have_a_test_each_named_after_the_row():
    text = "".join(path.read_text() for path in HERE.glob("test_runbook_rows_*.py"))
    tested = {int(number) for number in re.findall(r"^def test_runbook_(\d\d)_", text, re.MULTILINE)}
    assert tested == set(ROWS)
