"""Settings that were changed after a unit started, or was reloaded, so that it runs without the change.

What k8sboot writes is marked instead (see restart_marks): the times of files are compared only for what an operator
edits. A file from the future is no reason, so that a restart never has to be repeated.
"""

from __future__ import annotations

from collections.abc import Mapping

from k8sboot.host.reads import Question
from k8sboot.host.snapshot import Answer
from k8sboot.scripts import call, render

_NAME = "unread-settings-"


def unread_settings(units: Mapping[str, tuple[str, ...]]) -> Question:
    """Which of these files their running units have not read as they are now. A TOML file comes first.

    The operator's files of the unit itself count, too.
    """
    calls = (call("unread", unit, *files) for unit, files in units.items())
    return Question(_NAME + next(iter(units)), render("unread-settings") + "".join(calls), shares=True)


def unread(answers: Mapping[str, Answer], unit: str) -> tuple[str, ...]:
    """The files of a unit in the answers to such questions; none if a phase has not declared one."""
    lines = [
        each for name, told in answers.items() if name.startswith(_NAME) for each in told.text.splitlines()
    ]
    found = (line.partition(" ") for line in lines)
    return tuple(file for of, _, file in found if of == unit)
