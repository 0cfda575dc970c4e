"""Look at rows side by side, each in a thread of its own, until every one is over."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from k8sboot.errors import Bug, K8sbootError, StepFailed
from k8sboot.smoke.row import Found, Row
from k8sboot.smoke.scene import Scene

PAUSE = 1.5
"""Seconds between two looks of a row."""
TICK = 0.5
"""Seconds between two looks at whether all rows are over."""
MARGIN = 60.0
"""Seconds beyond the longest limit: a last look may take that long."""
Outcome = Literal["passed", "failed", "skipped"]


@dataclass(frozen=True)
class Ended:
    """A row that is over, after some seconds."""

    row: Row
    found: Found
    seconds: float

    @property
    def outcome(self) -> Outcome:
        """passed, failed or skipped."""
        if self.found.problem:
            return "failed"
        return "skipped" if self.found.skipped else "passed"


def look_at(scene: Scene, rows: Sequence[Row], tell: Callable[[Ended], None]) -> tuple[Ended, ...]:
    """Look at rows until all are over, or the run is to end. tell: gets each at its end, in its thread."""
    began, last = time.monotonic(), {row.name: "not looked at yet" for row in rows}
    ended: dict[str, Ended] = {}

    def follow(row: Row) -> None:
        found = _followed(scene, row, last, began)
        done = ended[row.name] = Ended(row, found, time.monotonic() - began)
        tell(done)

    threads = [
        threading.Thread(target=follow, args=(row,), name=f"k8sboot-smoke-{row.name}", daemon=True)
        for row in rows
    ]
    for thread in threads:
        thread.start()
    if threads:
        longest = max(row.limit for row in rows) + MARGIN
        what = f"{len(rows)} rows of the smoke test" if len(rows) > 1 else f"the row {rows[0].name}"
        scene.host.wait(what, lambda: _open(rows, ended, last), timeout=longest, pause=TICK)
    return tuple(ended[row.name] for row in rows)


def _followed(scene: Scene, row: Row, last: dict[str, str], began: float) -> Found:
    """Look at a row until it is over, or the run is to end. last: takes what each look found."""
    found = Found(last[row.name])
    while not scene.host.is_stopping:
        found = _look(scene, row)
        last[row.name] = found.problem
        if found.is_over or time.monotonic() - began > row.limit:
            break
        time.sleep(PAUSE)
    return found


def _look(scene: Scene, row: Row) -> Found:
    """One look. What cannot be read is a problem, not an error."""
    try:
        found = row.look(scene)
    except StepFailed as error:
        return Found(": ".join(part for part in (error.what, error.why, error.detail) if part))
    except K8sbootError as error:
        return Found(str(error))
    except Exception as error:  # a bug must not leave the run waiting for this thread
        return Found(str(Bug.of(error)), is_final=True)
    if found.problem and scene.watch.problem:
        return Found(f"{found.problem}; the last look at the namespace failed: {scene.watch.problem}")
    return found


def _open(rows: Sequence[Row], ended: dict[str, Ended], last: dict[str, str]) -> str:
    """The rows that are not over, and what each still lacks."""
    names = [row.name for row in rows if row.name not in ended]
    return "; ".join(f"{name} ({last[name][:60]})" for name in names)
