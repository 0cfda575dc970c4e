"""Rows of the fault matrix: the mark that ties a test to its row, and the table of docs/faults.md."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import pytest

DOCUMENT = Path(__file__).parents[2] / "docs" / "faults.md"
NOT_HERE = "not here: "
PROPERTY = "row of the fault matrix"


def row(number: int, fault: str) -> pytest.MarkDecorator:
    """This test injects the fault of that row. fault: in a few words, for the table at the end."""
    return pytest.mark.row(number, fault)


@dataclass(frozen=True)
class Row:
    """A row of docs/faults.md. proof: the tests' names in backquotes, or why there are none. seen: the last result."""

    number: int
    fault: str
    expected: str
    proof: str
    seen: str

    @property
    def tests(self) -> frozenset[str]:
        """The tests that it names."""
        return frozenset(re.findall(r"`(test_\w+)`", self.proof))


def documented() -> list[Row]:
    """The rows of docs/faults.md, in its order."""
    cells = [
        [cell.strip() for cell in line.strip().strip("|").split(" | ")]
        for line in DOCUMENT.read_text().splitlines()
        if re.match(r"\| *\d+ \|", line)
    ]
    return [Row(int(number), *texts) for number, *texts in cells]


def told(reports: Iterable[pytest.TestReport]) -> list[tuple[int, str, str, float]]:
    """(row, fault, result, seconds) for every row and fault that was tested, in order."""
    results: dict[tuple[int, str], list[str]] = {}
    seconds: dict[tuple[int, str], float] = {}
    for report in reports:
        for name, value in report.user_properties:
            if name == PROPERTY:
                key: tuple[int, str] = tuple(value)  # type: ignore  # a worker's report has come through a pipe
                seconds[key] = seconds.get(key, 0.0) + report.duration
                results.setdefault(key, []).append(_result(report))
    return [
        (number, fault, _together(results[number, fault]), seconds[number, fault])
        for number, fault in sorted(results)
    ]


def _result(report: pytest.TestReport) -> str:
    if hasattr(report, "wasxfail") and report.skipped:
        return f"falls short: {report.wasxfail}"
    if report.skipped:
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
        return reason.removeprefix("Skipped: ")
    return "FAILED" if report.failed else "ok"


def _together(results: list[str]) -> str:
    if "FAILED" in results:
        return "FAILED"
    odd = list(dict.fromkeys(result for result in results if result != "ok"))
    return "; ".join(odd) or "ok"
