"""What is wanted, beside what was measured: the rows of the table. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from bench.figures import Series

NOT_YET = "not measured yet"
Results = Mapping[str, Series]
"""The series of each part."""


@dataclass(frozen=True)
class Goal:
    """One figure. limit: that it has to reach, or where is_least is false must not exceed. form: how it is written."""

    figure: Callable[[Results], float | None]
    limit: float
    form: str
    is_least: bool = False

    def now(self, results: Results) -> str:
        """As measured."""
        found = self.figure(results)
        return NOT_YET if found is None else self.form.format(found)

    @property
    def wanted(self) -> str:
        """The limit."""
        return ("≥ " if self.is_least else "≤ ") + self.form.format(self.limit)

    def is_met(self, results: Results) -> bool | None:
        """None for a figure that was not measured."""
        found = self.figure(results)
        if found is None:
            return None
        return found >= self.limit if self.is_least else found <= self.limit

    def shortfall(self, results: Results) -> str:
        """By how much it is missed."""
        found = self.figure(results) or 0.0
        share = found / self.limit - 1 if self.limit else 0.0
        return f"{self.now(results)}, wanted {self.wanted} ({share:+.0%})"


@dataclass(frozen=True)
class Row:
    """A row of the table. before: at the commit where the measuring began. why: the reason where it is missed."""

    what: str
    before: str
    goals: tuple[Goal, ...]
    why: str = ""

    def cells(self, results: Results) -> tuple[str, str, str, str, str]:
        """Target, before, now, wanted, whether it is met."""
        now = [goal.now(results) for goal in self.goals]
        shown = NOT_YET if set(now) == {NOT_YET} else ", ".join(now)
        return self.what, self.before, shown, ", ".join(_distinct(self.goals)), self._verdict(results)

    def _verdict(self, results: Results) -> str:
        verdicts = [goal.is_met(results) for goal in self.goals]
        if False in verdicts:
            return "missed"
        return "" if None in verdicts else "met"

    def missed(self, results: Results) -> list[str]:
        """The shortfall of each figure that misses its goal."""
        return [goal.shortfall(results) for goal in self.goals if goal.is_met(results) is False]


def _distinct(goals: tuple[Goal, ...]) -> list[str]:
    wanted = [goal.wanted for goal in goals]
    return wanted[:1] if len(set(wanted)) == 1 else wanted
