"""One thing that is wrong, or soon will be."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """host: '' where it concerns no single host. is_warning: nothing is unhealthy yet."""

    code: str
    what: str
    host: str
    why: str
    fix: str
    is_warning: bool


def problem(code: str, what: str, *, host: str = "", why: str = "", fix: str = "") -> Finding:
    """Something is unhealthy."""
    return Finding(code, what, host, why, fix, is_warning=False)


def warning(code: str, what: str, *, host: str = "", why: str = "", fix: str = "") -> Finding:
    """Something is to be looked at, and works."""
    return Finding(code, what, host, why, fix, is_warning=True)
