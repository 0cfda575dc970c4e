"""Progress lines with the time since the command began, on stderr: stdout is for data."""

import sys
import time

_began = time.monotonic()


def say(text: str) -> None:
    """One line, written in one piece because several threads speak."""
    sys.stderr.write(f"[{time.monotonic() - _began:6.1f} s] {text}\n")
    sys.stderr.flush()
