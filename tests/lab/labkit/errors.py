"""What the lab tells its user instead of a traceback."""

from pathlib import Path


class LabError(Exception):
    """Something the user can act on: one line, and the exit code that goes with it."""

    def __init__(self, message: str, code: int = 1) -> None:
        super().__init__(message)
        self.code = code


def as_told(message: str, log: Path) -> LabError:
    """With the last line of the log: the file is gone by the time someone reads of it, in CI."""
    lines = log.read_text(errors="replace").split("\n")
    last = next((line.strip() for line in reversed(lines) if line.strip()), "nothing was printed")
    return LabError(f"{message}: {last} (see {log})")
