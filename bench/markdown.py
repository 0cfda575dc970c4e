"""results.md, from the raw numbers. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from statistics import median

from bench.raw import Raw
from bench.targets import Results, Row
from bench.turns import was_loaded

HEAD = ("target", "before", "now", "wanted", "")
LOADED = "**measured while others used the machine**"


def results_md(
    rows: Sequence[Row], raws: Sequence[Raw], pictures: Sequence[tuple[str, str]], before: str
) -> str:
    """The whole file. pictures: captions and file names. before: the commit of that column."""
    results = {raw.part: raw.series for raw in raws}
    return "\n".join(
        [
            "# What k8sboot costs, measured beside others",
            "",
            "Written by `make bench`. Medians, of round trips the least; ratios are medians of pairs taken in turn.",
            f"Before: at `{before}`.",
            "",
            *markdown_table(HEAD, [row.cells(results) for row in rows]),
            "",
            *_missed(rows, results),
            *_pictures(pictures),
            *(line for raw in raws for line in _part(raw)),
        ]
    )


def markdown_table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """Its lines."""
    escaped = ([cell.replace("|", "\\|") for cell in row] for row in rows)
    return [_line(head), "|" + "---|" * len(head), *(_line(row) for row in escaped)]


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def _missed(rows: Sequence[Row], results: Results) -> list[str]:
    lines = [
        f"- {row.what}: {'; '.join(row.missed(results))}.{' ' + row.why if row.why else ''}"
        for row in rows
        if row.missed(results)
    ]
    return ["## Missed, by how much, and why", "", *lines, ""] if lines else []


def _pictures(pictures: Sequence[tuple[str, str]]) -> list[str]:
    return [line for caption, name in pictures for line in (f"![{caption}]({name})", "")]


def _part(raw: Raw) -> list[str]:
    versions = ", ".join(f"{name} {version}" for name, version in sorted(raw.versions.items()))
    load = f" {LOADED}." if was_loaded(raw) else ""
    busy = f"; others used {median(raw.others_busy):.0%} of the processors" if raw.others_busy else ""
    return [
        f"## {raw.part}",
        "",
        f"{raw.when}, commit `{raw.commit}`, {raw.machine}.{f' {versions}.' if versions else ''}",
        f"It took {raw.seconds:.0f} s{busy}.{load}",
        "",
        *(f"- {text}" for text in (*raw.same_work, *raw.notes)),
        *([""] if raw.same_work or raw.notes else []),
        *markdown_table(("measured", "median", "each"), [_series(*item) for item in raw.series.items()]),
        "",
    ]


def _series(name: str, figures: Sequence[float]) -> tuple[str, str, str]:
    return name, f"{median(figures):.6g}", " ".join(f"{figure:.6g}" for figure in figures)
