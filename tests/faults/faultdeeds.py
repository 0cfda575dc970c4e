"""What the controller is put through, beside what faultruns has: short patience, and signals."""

from __future__ import annotations

import copy
import sys
from pathlib import Path

import yaml
from faultruns import Controller, Ran, Running

IMPATIENT = str(Path(__file__).with_name("impatient.py"))


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
