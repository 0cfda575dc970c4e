"""`make bench`: measure every part that has not been measured yet, print the table, write results.md.

BENCH_AGAIN=1 measures again; BENCH_TINY=1 tries everything with next to nothing, and leaves results.md alone.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
import traceback
from pathlib import Path

from bench import lab, raw, report
from bench.own_hosts import apart, is_apart
from bench.part import Part
from bench.parts.everything import parts
from bench.places import BENCH, OWN
from bench.raw import Raw
from bench.rivals import environments
from bench.sizes import TINY, WHOLE, Sizes


def main() -> int:
    """0 with results, whatever they are; 1 if a part could not be measured."""
    options = _options()
    sizes = TINY if os.environ.get("BENCH_TINY") else WHOLE
    folder = OWN / ("raw" if sizes.is_whole else "raw-tiny")
    chosen = [part for part in parts() if part.name in (options.parts or [each.name for each in parts()])]
    if options.only_report:
        failed: list[str] = []
    elif is_apart():
        _measure(chosen[0], sizes, folder)
        return 0
    else:
        failed = [
            part.name for part in chosen if not _is_done(part, folder) and not _run(part, sizes, folder)
        ]
        lab.down()
    report.write(folder, BENCH if sizes.is_whole else folder, failed)
    return 1 if failed else 0


def _options() -> argparse.Namespace:
    names = [part.name for part in parts()]
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"only these: {', '.join(names)}")
    parser.add_argument("--only-report", action="store_true", help="measure nothing")
    options = parser.parse_args()
    if unknown := set(options.parts) - set(names):
        parser.error(f"no such part: {', '.join(sorted(unknown))}")
    return options


def _is_done(part: Part, folder: Path) -> bool:
    return not os.environ.get("BENCH_AGAIN") and raw.load(part.name, folder) is not None


def _run(part: Part, sizes: Sizes, folder: Path) -> bool:
    """Measure a part where it has to run. False if that failed, which is told."""
    print(f"{time.strftime('%H:%M:%S')} {part.name}: {part.what}", file=sys.stderr, flush=True)
    try:
        for rival in part.rivals:
            environments.programs(rival)
        if part.where == "apart":
            return apart([sys.executable, "-m", "bench", part.name]) == 0
        if part.where == "lab":
            lab.up()
        _measure(part, sizes, folder)
    except Exception:
        traceback.print_exc()
        return False
    return True


def _measure(part: Part, sizes: Sizes, folder: Path) -> None:
    found, began = Raw(part.name), time.monotonic()
    found.versions = {rival: environments.version(rival) for rival in part.rivals}
    part.measure(found, sizes)
    found.sign(time.monotonic() - began)
    raw.save(found, folder)


if __name__ == "__main__":
    sys.exit(main())
