"""Signals in programs that tests start."""

from __future__ import annotations

import signal


def restore_signals() -> None:
    """For preexec_fn: heed what the starter of the tests may ignore, as `nohup make test &` does."""
    for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGHUP, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)
