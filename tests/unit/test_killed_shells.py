"""Commands whose shell was killed by a signal: which of them ran is not known, and no exit status is made up."""

from __future__ import annotations

from k8sboot.host.peer import failure
from k8sboot.host.script import which
from k8sboot.ssh.connection import Completed

SHOWN = ["mkdir /a", "touch /a/b", "systemctl daemon-reload"]
KILLED = Completed(-1, b"half a line", b"")


def test_all_commands_are_named_as_any_of_them_may_have_been_the_last():
    assert which(SHOWN, KILLED) == "mkdir /a; ...; systemctl daemon-reload"
    assert which(SHOWN[:1], KILLED) == "mkdir /a"
    assert which(SHOWN, Completed(1, b"", b"k8sboot-failed-1")) == "touch /a/b"


def test_the_error_tells_where_to_look_for_what_killed_it():
    error = failure("restore files", which(SHOWN, KILLED), KILLED, "n1")
    assert error.why == "`mkdir /a; ...; systemctl daemon-reload` ended without an exit status"
    assert "dmesg" in error.fix
    assert "-1" not in f"{error.why} {error.fix}"
    failed = failure("restore files", "touch /a/b", Completed(1, b"", b"no space"), "n1")
    assert (failed.why, "dmesg" in failed.fix) == ("`touch /a/b` exited with status 1", False)
