"""Running a program: silent when it works, its last words when it does not."""

import shlex
import subprocess
from collections.abc import Sequence

from labkit.errors import LabError


def run(*words: object, stdin: str | None = None, check: bool = True) -> str:
    """Run a command to its end and return what it wrote to stdout."""
    argv = [str(word) for word in words]
    done = subprocess.run(argv, input=stdin, capture_output=True, text=True, errors="replace")
    if check and done.returncode != 0:
        raise LabError(failure(argv, done.returncode, done.stderr or done.stdout))
    return done.stdout


def succeeds(*words: object) -> bool:
    """Whether a command exits 0; what it says does not matter."""
    argv = [str(word) for word in words]
    return subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True).returncode == 0


def failure(argv: Sequence[str], code: int, output: str) -> str:
    """A message with the command as one could paste it, and the end of what it said."""
    last = "\n  ".join(output.strip().splitlines()[-15:])
    return f"exit {code} from: {shlex.join(argv)}\n  {last}"
