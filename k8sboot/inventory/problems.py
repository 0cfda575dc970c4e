"""Where the problems of one inventory are gathered, so that all of them can be told at once."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

from k8sboot.errors import InventoryError, Problem
from k8sboot.inventory.report import shown
from k8sboot.inventory.source import Mark, SourceFile

MOST_PROBLEMS = 200

KeyPath = tuple[str | int, ...]
"""The keys and indices from the top of the inventory to a value: ("masters", 0, "address")."""


@dataclass(frozen=True)
class LintProblem:
    """Something wrong with the meaning of values that are each well formed.

    about: the values it rests on; it points at the first of them that the file really says. A found about a
    value that was refused already is dropped. line stays 0 until the file is known.
    """

    code: str
    message: str
    about: tuple[KeyPath, ...]
    suggestion: str = ""
    is_warning: bool = False


class Problems:
    """Gathers problems. After 200 it raises what it has: nobody mends more than that at once."""

    def __init__(self, source: SourceFile) -> None:
        self._source = source
        self._errors: list[Problem] = []
        self._warnings: list[Problem] = []
        self._marks: dict[KeyPath, Mark] = {}
        self._refused: set[KeyPath] = set()

    def error(self, code: str, message: str, mark: Mark, suggestion: str = "") -> None:
        """Note something that must be mended. Raises InventoryError when that makes too many."""
        self._errors.append(self._problem(code, message, mark, suggestion))
        if len(self._errors) >= MOST_PROBLEMS:
            self._errors.append(
                self._problem("KB-TOO-MANY", "too many problems: the rest are not shown", Mark())
            )
            self.raise_errors()

    def warning(self, code: str, message: str, mark: Mark, suggestion: str = "") -> None:
        """Note something that is allowed and seldom meant; beyond 200 warnings they are dropped."""
        if len(self._warnings) < MOST_PROBLEMS:
            problem = self._problem(code, message, mark, suggestion)
            self._warnings.append(dataclasses.replace(problem, is_warning=True))

    def place(self, path: KeyPath, mark: Mark) -> None:
        """Remember where in the file the value of that path stands."""
        self._marks[path] = mark

    def refuse(self, path: KeyPath) -> None:
        """Remember that the value of that path is wrong, so that nothing more is said about it."""
        self._refused.add(path)

    def is_refused(self, path: KeyPath) -> bool:
        """Whether the value of that path, or something it lies in, was refused."""
        return any(path[:length] in self._refused for length in range(1, len(path) + 1))

    def add_lint(self, found: LintProblem) -> None:
        """Note what a lint found, unless it rests on a value that was refused already."""
        if any(self.is_refused(path) for path in found.about):
            return
        note = self.warning if found.is_warning else self.error
        note(found.code, found.message, self._mark_of(found.about), found.suggestion)

    def _mark_of(self, about: tuple[KeyPath, ...]) -> Mark:
        said = next((self._marks[path] for path in about if path in self._marks), None)
        if said or not about:
            return said or Mark()
        first = about[0]
        parents = (first[:length] for length in range(len(first) - 1, 0, -1))
        return next((self._marks[path] for path in parents if path in self._marks), Mark())

    def raise_errors(self) -> None:
        """Raise InventoryError with all errors and warnings in the order of the file, if any is an error."""
        if self._errors:
            raise InventoryError(_in_order(self._errors + self._warnings))

    @property
    def warnings(self) -> tuple[Problem, ...]:
        """The warnings so far, in the order of the file."""
        return tuple(_in_order(self._warnings))

    def _problem(self, code: str, message: str, mark: Mark, suggestion: str = "") -> Problem:
        quote = self._source.quote(mark.line)
        return Problem(
            code, shown(message), self._source.name, mark.line, mark.column, quote, shown(suggestion)
        )


def _in_order(problems: list[Problem]) -> list[Problem]:
    return sorted(problems, key=lambda problem: (problem.line or _LAST, problem.column))


_LAST = 1 << 40  # what is about the whole file comes last
