"""What the controller is put through: short patience, signals, kill -9 at a record; a plain run after it."""

from __future__ import annotations

import contextlib
import copy
import os
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import yaml
from faulthosts import until
from faultruns import K8SBOOT, Controller, Ran, Running
from on_lab import HOSTS
from summaries import changed
from terminals import OnTerminal, on_a_terminal

IMPATIENT = str(Path(__file__).with_name("impatient.py"))
STEP = ("phase", "time-sync")


def start_impatient(controller: Controller, *words: str, patience: int) -> Running:
    """Start k8sboot with every deadline cut down to so many seconds."""
    controller.inventory.write_text(yaml.safe_dump(copy.deepcopy(controller.spec), sort_keys=False))
    command = (sys.executable, IMPATIENT, *words, "-i", str(controller.inventory))
    return controller.start_command(*command, environ={"PATIENCE": str(patience)})


def run_impatient(
    controller: Controller, *words: str, patience: int, expect: int = 1, within: float = 300
) -> Ran:
    """Run it to its end."""
    return start_impatient(controller, *words, patience=patience).end(expect=expect, within=within)


@contextlib.contextmanager
def on_terminal(controller: Controller, *words: str) -> Iterator[OnTerminal]:
    """k8sboot on a terminal for the length of a block."""
    controller.inventory.write_text(yaml.safe_dump(copy.deepcopy(controller.spec), sort_keys=False))
    environ = {k: v for k, v in controller.environ.items() if k not in ("NO_COLOR", "CI")}
    command = (str(K8SBOOT), *words, "-i", str(controller.inventory))
    run = on_a_terminal(command, environ=environ, folder=controller.folder, size=(40, 120))
    with contextlib.closing(run):
        yield run


def records(run: Running) -> list[tuple[str, str, str]]:
    """The changes that the run's journal tells of: (started or done, host, what)."""
    kinds = {"Changing": "started", "Working": "started", "Changed": "done"}
    return [(kinds[e["event"]], e.get("host", ""), e["what"]) for e in run.events if e["event"] in kinds]


def killed_at_a_new_record(run: Running, seen: set[tuple[str, str, str]], *, within: float) -> bool:
    """Kill the run with -9 as soon as its journal has a record that is not among those seen; False: it ended."""
    deadline = time.monotonic() + within
    while time.monotonic() < deadline:
        has_ended, found = run.has_ended(), records(run)
        new = [record for record in found if record not in seen]
        if new and not has_ended:
            os.kill(run.process.pid, signal.SIGKILL)
            until(run.has_ended, "the end of a killed k8sboot")
            seen.update(records(run))
            return True
        if has_ended:
            return False
        time.sleep(0.02)
    raise AssertionError(f"nothing new within {within:g} s\n{run.stderr}")


def came_to_the_end(controller: Controller, *words: str) -> None:
    """A plain run succeeds everywhere, and the next has nothing to do."""
    controller.run(*(words or STEP), within=240).went_on(*HOSTS, phase="time-sync")
    assert changed(controller.run(*(words or STEP), within=240).stderr) == 0
