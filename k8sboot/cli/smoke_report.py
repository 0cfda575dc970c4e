"""The rows of a smoke test as a table, as JSON and as JUnit XML."""

from __future__ import annotations

import json
import re
import shutil
import sys
from collections import Counter
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape, quoteattr

import click

from k8sboot.errors import UsageError
from k8sboot.events import Checked, Event, Failed, RunEnded
from k8sboot.phases.smoke import TITLES
from k8sboot.text.sanitize import safe, safe_line
from k8sboot.text.table import table

LONGEST = 240
"""Columns of a line where there is no terminal."""
FAILED_ROWS = "KB-SMOKE"
"""The error of a run whose rows failed, which say so themselves."""
_NOT_IN_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


class Report:
    """A listener that keeps the rows of a run, and the errors for which rows are missing."""

    def __init__(self, cluster: str) -> None:
        self._cluster = cluster
        self._rows: dict[str, Checked] = {}
        self._errors: list[dict[str, str]] = []
        self._seconds = 0.0

    def __call__(self, event: Event) -> None:
        """Keep a row, or how long the run took."""
        if isinstance(event, Checked):
            self._rows[event.row] = event
        elif isinstance(event, Failed) and event.error.error_code != FAILED_ROWS:
            self._errors.append(_told(event))
        elif isinstance(event, RunEnded):
            self._seconds = event.seconds

    @property
    def rows(self) -> list[Checked]:
        """The rows, in their order."""
        return [self._rows[name] for name in TITLES if name in self._rows]

    def write(self, output: str, junit: str | None, *, is_quiet: bool = False) -> None:
        """Print the rows, and write JUnit's file. UsageError if it cannot be written."""
        if output == "json":
            click.echo(json.dumps(self.as_json(), ensure_ascii=False, indent=2))
        elif not is_quiet:
            width = shutil.get_terminal_size().columns if sys.stdout.isatty() else LONGEST
            click.echo(self.as_text(width), nl=False)
        if junit:
            try:
                Path(junit).write_text(self.as_junit(), encoding="utf-8")
            except OSError as error:
                raise UsageError(f"cannot write {junit}: {error.strerror}", fix="name another file") from None

    def as_text(self, width: int = LONGEST) -> str:
        """A line of that width for each row, and the counts."""
        lines = [(r.row, r.outcome, f"{r.seconds:.0f} s", safe_line(r.seen)) for r in self.rows]
        counts = Counter(r.outcome for r in self.rows)
        said = ", ".join(f"{counts[word]} {word}" for word in ("passed", "failed", "skipped") if counts[word])
        shown = (line if len(line) <= width else f"{line[: width - 1]}…" for line in table(lines))
        return "".join(
            f"{line}\n" for line in (*shown, f"{said or 'no row was tried'}, {self._seconds:.1f} s")
        )

    def as_json(self) -> dict[str, Any]:
        """The rows as mappings."""
        counts = Counter(r.outcome for r in self.rows)
        keys = ("row", "title", "outcome", "seconds", "seen", "code", "why", "fix")
        rows = [{key: getattr(r, key) for key in keys} for r in self.rows]
        named = {word: counts[word] for word in ("passed", "failed", "skipped")}
        return {"cluster": self._cluster, **named, "seconds": round(self._seconds, 1), "rows": [
            {**row, "seconds": round(row["seconds"], 1)} for row in rows
        ], "errors": self._errors}  # fmt: skip

    def as_junit(self) -> str:
        """JUnit's XML: a suite with a case for each row, and for each error that is no row's."""
        counts, errors = Counter(r.outcome for r in self.rows), len(self._errors)
        head = (
            f'tests="{len(self.rows) + errors}" failures="{counts["failed"]}" skipped="{counts["skipped"]}"'
        )
        cases = "".join((*map(_case, self.rows), *map(_error_case, self._errors)))
        name = quoteattr(_clean(f"k8sboot smoke {self._cluster}"))
        suite = f'<testsuite name={name} {head} errors="{errors}" time="{self._seconds:.1f}">\n{cases}</testsuite>\n'
        return f'<?xml version="1.0" encoding="UTF-8"?>\n{suite}'


def _told(event: Failed) -> dict[str, str]:
    error = event.error
    found = {
        "code": error.error_code,
        "host": event.host,
        "what": error.what,
        "why": error.why,
        "fix": error.fix,
    }
    return {key: safe(text) for key, text in found.items()}


def _error_case(error: dict[str, str]) -> str:
    name, what = quoteattr(_clean(f"run on {error['host']}")), quoteattr(_clean(error["what"]))
    text = escape(_clean(f"{error['what']}\nwhy: {error['why']}\nfix: {error['fix']}"))
    inner = f"<error type={quoteattr(_clean(error['code']))} message={what}>{text}</error>"
    return f'  <testcase classname="k8sboot.smoke" name={name} time="0.0">{inner}</testcase>\n'


def _case(row: Checked) -> str:
    begin = f'  <testcase classname="k8sboot.smoke" name={quoteattr(row.row)} time="{row.seconds:.1f}">'
    seen = _clean(row.seen)
    if row.outcome == "failed":
        text = escape(_clean(f"{row.title}\nseen: {row.seen}\nwhy: {row.why}\nfix: {row.fix}"))
        inner = f"<failure type={quoteattr(_clean(row.code))} message={quoteattr(seen)}>{text}</failure>"
    elif row.outcome == "skipped":
        inner = f"<skipped message={quoteattr(seen)}/>"
    else:
        inner = f"<system-out>{escape(seen)}</system-out>"
    return f"{begin}{inner}</testcase>\n"


def _clean(text: str) -> str:
    return _NOT_IN_XML.sub("", safe(text))
