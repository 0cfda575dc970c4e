"""Print the table; write results.md and the pictures beside it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from bench import raw as raw_numbers
from bench.markdown import results_md
from bench.parts.everything import parts
from bench.pictures.curve import Line, curve
from bench.pictures.timeline import timeline
from bench.raw import Raw
from bench.table import AT, rows
from bench.targets import Results


def write(raw_folder: Path, folder: Path, failed: Sequence[str]) -> None:
    """All parts that have been measured, now or earlier."""
    found = [raw_numbers.load(part.name, raw_folder) for part in parts()]
    raws = [raw for raw in found if raw is not None]
    folder.mkdir(parents=True, exist_ok=True)
    pictures = _draw(raws, folder)
    (folder / "results.md").write_text(results_md(rows(), raws, pictures, AT))
    _print_table({raw.part: raw.series for raw in raws})
    for name in failed:
        print(f"{name}: could not be measured; see above")
    print(f"{folder / 'results.md'}")


def _print_table(results: Results) -> None:
    for row in rows():
        what, before, now, wanted, verdict = row.cells(results)
        print(what)
        print(f"    before {before}; wanted {wanted}; now {now}{'; ' + verdict if verdict else ''}")


def _draw(raws: Sequence[Raw], folder: Path) -> list[tuple[str, str]]:
    by_part = {raw.part: raw for raw in raws}
    drawn = []
    if scale := by_part.get("scale"):
        lines = [_line(scale, name) for name in ("k8sboot", "paramiko")]
        (folder / "curve.svg").write_text(curve("Facts and plan", "hosts", "seconds", lines))
        drawn.append(("Seconds for facts and plan of 1 to 300 hosts, beside bare paramiko", "curve.svg"))
    if (fresh := by_part.get("fresh-up")) and (run := fresh.extra.get("timeline")):
        (folder / "timeline.svg").write_text(timeline(run))
        drawn.append(
            ("A fresh up of three hosts: phases of each host, and the critical path", "timeline.svg")
        )
    return drawn


def _line(scale: Raw, name: str) -> Line:
    """A contender's series by numbers of hosts."""
    begin, end = f"{name}, ", " hosts: s"
    named = {
        key: key[len(begin) : -len(end)]
        for key in scale.series
        if key.startswith(begin) and key.endswith(end)
    }
    return Line(name, {int(count): scale.series[key] for key, count in named.items()})
