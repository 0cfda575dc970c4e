"""Collects the problems of one inventory, to report all of them at once."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

from k8sboot.errors import InventoryError, Problem
from k8sboot.inventory.source import Mark, SourceFile
from k8sboot.text.logins import without_logins
from k8sboot.text.sanitize import visible

MOST_PROBLEMS = 200

KeyPath = tuple[str | int, ...]
"""The keys and indices from the top of the inventory to a value: ("masters", 0, "address")."""


@dataclass(frozen=True)
class LintProblem:
    """A problem with the meaning of values that are each valid.

    about: the paths of these values; it is reported at the first of them that is set in the file, and dropped if
    one of them was refused already. paste: lines that the suggestion offers for the file.
    """

    code: str
    message: str
    about: tuple[KeyPath, ...]
    suggestion: str = ""
    is_warning: bool = False
    paste: tuple[str, ...] = ()


class Problems:
    """Collects problems. Raises what it has once there are 200."""

    def __init__(self, source: SourceFile) -> None:
        self._source = source
        self._errors: list[Problem] = []
        self._warnings: list[tuple[Problem, tuple[KeyPath, ...]]] = []
        self._marks: dict[KeyPath, Mark] = {}
        self._refused: set[KeyPath] = set()
        self._wrong: set[KeyPath] = set()

    def error(
        self, code: str, message: str, mark: Mark, suggestion: str = "", *, paste: tuple[str, ...] = ()
    ) -> None:
        """Note an error. Raises InventoryError when that makes too many."""
        problem = self._problem(code, message, mark, suggestion)
        self._errors.append(dataclasses.replace(problem, paste=paste))
        if len(self._errors) >= MOST_PROBLEMS:
            self._errors.append(
                self._problem("KB-TOO-MANY", "too many problems: the rest are not shown", Mark())
            )
            self.raise_errors()

    def warning(
        self, code: str, message: str, mark: Mark, suggestion: str = "", *, about: tuple[KeyPath, ...] = ()
    ) -> None:
        """Note a warning about these values; those beyond 200 are dropped."""
        if len(self._warnings) < MOST_PROBLEMS:
            problem = self._problem(code, message, mark, suggestion)
            self._warnings.append((dataclasses.replace(problem, is_warning=True), about))

    def place(self, path: KeyPath, mark: Mark) -> None:
        """Record where in the file the value of that path is."""
        self._marks[path] = mark

    def refuse(self, path: KeyPath) -> None:
        """Record that the value of that path is invalid, so that no lint reports it as well."""
        self._refused.add(path)

    def is_refused(self, path: KeyPath) -> bool:
        """Whether the value of that path, or something it lies in, was refused."""
        return any(path[:length] in self._refused for length in range(1, len(path) + 1))

    def add_lint(self, found: LintProblem) -> None:
        """Note what a lint found, unless one of its values was refused already."""
        if any(self.is_refused(path) for path in found.about):
            return
        mark = self._mark_of(found.about)
        if found.is_warning:
            self.warning(found.code, found.message, mark, found.suggestion, about=found.about)
        else:
            self._wrong.update(found.about)
            self.error(found.code, found.message, mark, found.suggestion, paste=found.paste)

    def _mark_of(self, about: tuple[KeyPath, ...]) -> Mark:
        mark = next((self._marks[path] for path in about if path in self._marks), None)
        if mark or not about:
            return mark or Mark()
        first = about[0]
        parents = (first[:length] for length in range(len(first) - 1, 0, -1))
        return next((self._marks[path] for path in parents if path in self._marks), Mark())

    def raise_errors(self) -> None:
        """Raise InventoryError with all errors and warnings in the order of the file, if any is an error."""
        if self._errors:
            raise InventoryError(_in_order([*self._errors, *self.warnings]))

    @property
    def warnings(self) -> tuple[Problem, ...]:
        """The warnings so far, in the order of the file; none about a value that is itself an error."""
        return tuple(_in_order([w for w, about in self._warnings if self._wrong.isdisjoint(about)]))

    def _problem(self, code: str, message: str, mark: Mark, suggestion: str = "") -> Problem:
        quote = without_logins(self._source.quote(mark.line))
        shown, fix = (visible(without_logins(text)) for text in (message, suggestion))
        return Problem(code, shown, self._source.name, mark.line, mark.column, quote, fix)

    def hides(self, mark: Mark) -> bool:
        """Whether the value of a secret may stand there, of which no message repeats anything."""
        return self._source.hides(mark.line)


def _in_order(problems: list[Problem]) -> list[Problem]:
    return sorted(problems, key=lambda problem: (problem.line or _LAST, problem.column))


_LAST = 1 << 40  # what is about the whole file comes last
