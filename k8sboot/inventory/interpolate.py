"""`${VAR}`, `${VAR:-default}` and `$$` in the inventory's scalars. Pure: the environment is an argument."""

from __future__ import annotations

import re
from collections.abc import Mapping

_DOLLAR = re.compile(
    r"\$(?:(?P<dollar>\$)|\{(?P<name>[A-Za-z_][A-Za-z0-9_]*)(?::-(?P<default>[^}]{0,400}))?\}|(?P<bad>\{))"
)


class InterpolationError(Exception):
    """The text cannot be interpolated. message and suggestion contain no values of variables."""

    def __init__(self, message: str, suggestion: str) -> None:
        super().__init__(message)
        self.message = message
        self.suggestion = suggestion


def interpolate(text: str, environ: Mapping[str, str]) -> str:
    """text with its variables replaced, once: values of variables are not interpolated again.

    `${X}` must be set; `${X:-d}` is d when X is unset or empty; `$$` is one dollar; a dollar before anything
    else stays. Raises InterpolationError.
    """
    return _DOLLAR.sub(lambda found: _filled(found, environ), text)


def names_variable(text: str) -> bool:
    """Whether text refers to a variable."""
    return any(found["name"] for found in _DOLLAR.finditer(text))


def is_one_variable(text: str) -> bool:
    """Whether text is a reference to a variable and nothing else."""
    found = _DOLLAR.fullmatch(text)
    return bool(found and found["name"] and found["default"] is None)


def _filled(found: re.Match[str], environ: Mapping[str, str]) -> str:
    if found["dollar"]:
        return "$"
    if found["bad"]:
        raise InterpolationError("`${` must be ${NAME} or ${NAME:-default}", "write `$$` for a literal `$`")
    name, default = found["name"], found["default"]
    if default is not None:
        return environ.get(name) or str(default)
    if name not in environ:
        fix = f"run `export {name}=...`, or set a default: ${{{name}:-...}}"
        raise InterpolationError(f"environment variable {name} is not set", fix)
    return environ[name]
