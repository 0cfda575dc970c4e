"""What a run's last lines tell, read by a test."""

from __future__ import annotations

import re


def changed(said: str) -> int:
    """How many changes the summary of a run counts, on all hosts; fails the test where there is no summary."""
    found = re.findall(r"^(\d+) changed, \d+ hosts? ok", said, re.MULTILINE)
    assert found, said
    return int(found[-1])
