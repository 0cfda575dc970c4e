"""A command line as a plan shows it: operators read what happens, not k8sboot's scripts."""

from __future__ import annotations

import shlex

LONGEST = 700
"""Characters of a command that is shown whole."""


def short_command(command: str) -> str:
    """The command with the number of lines in place of a script; a long one by its beginning and its end."""
    if "\n" in command:
        command = _without_scripts(command)
    return command if len(command) <= LONGEST else f"{command[:100]} ... {command[-200:]}"


def _without_scripts(command: str) -> str:
    try:
        words = shlex.split(command)
    except ValueError:
        return command.partition("\n")[0] + " ..."
    return " ".join(
        f"(script of {len(word.splitlines())} lines)" if "\n" in word else shlex.quote(word) for word in words
    )
