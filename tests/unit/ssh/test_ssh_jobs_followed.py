"""A job is followed by one script, and by another one only after a lost connection."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator
from types import SimpleNamespace

import pytest

from k8sboot.errors import CommandFailed, ConnectionLost, DeadlineExceeded, Interrupted, StepFailed
from k8sboot.ssh import jobs, retry
from k8sboot.ssh.connection import Completed
from k8sboot.ssh.following import Stream
from k8sboot.ssh.job_scripts import FOLLOWING, RECEIVED
from k8sboot.ssh.jobs import Follower

LOST = ConnectionLost("the SSH connection died during a command", host="n1")
ENDED = Completed(0, b"", b"started.\n...\nended 0\n")
Say = Callable[[Stream], Completed | None]


def says(data: bytes, end: Completed | Exception | None) -> Say:
    def attempt(stream: Stream) -> Completed | None:
        for one in data:
            stream.take(bytes([one]))
        if isinstance(end, Exception):
            raise end
        return end

    return attempt


class Host:
    """Answers each script that follows a job in turn. asked: from which byte; -1 if the job is started, too."""

    def __init__(self, *attempts: Say) -> None:
        self._attempts: Iterator[Say] = iter(attempts)
        self.asked: list[int] = []
        self.ran: list[str] = []
        self.lines: list[str] = []
        self.notices: list[str] = []
        self.receipts: list[bytes] = []
        self.follower = Follower(
            self._run, self._follow, "install-1", host="n1", timeout=60, notice=self.notices.append
        )

    def _run(self, script: str, timeout: float) -> Completed:
        assert timeout > 0
        self.ran.append(script)
        return Completed(0, b"", b"")

    def _follow(self, stream: Stream) -> Completed | None:
        found = re.search(r"^FROM=(\d+)$", stream.script, re.MULTILINE)
        assert found
        self.asked.append(-1 if "systemd-run" in stream.script else int(found[1]))
        done = next(self._attempts)(stream)
        if done is not None:
            self.receipts.append(stream.receipt(done.stderr))
        return done

    def run(self) -> Completed:
        return self.follower.run("true", self.lines.append)


@pytest.fixture(autouse=True)
def no_naps(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    naps: list[float] = []
    monkeypatch.setattr(retry.time, "sleep", naps.append)
    return naps


def test_a_job_is_one_script_from_its_start_to_its_end():
    host = Host(says(FOLLOWING + b"one\ntwo", ENDED))
    done = host.run()
    assert (done.exit_status, done.stdout, host.lines) == (0, b"one\ntwo", ["one", "two"])
    assert (host.asked, host.ran, host.receipts) == ([-1], [], [RECEIVED])


def test_a_lost_connection_continues_at_the_next_byte():
    host = Host(
        says(FOLLOWING + b"one\ntw", LOST), says(b"follow", LOST), says(FOLLOWING + b"o\nthree\n", ENDED)
    )
    assert host.run().stdout == b"one\ntwo\nthree\n"
    assert (host.asked, host.lines) == ([-1, 6, 6], ["one", "two", "three"])
    assert len(host.notices) == 2
    assert all("job install-1 continues on the host" in line for line in host.notices)


def test_a_job_is_started_again_until_it_is_known_to_have_been():
    host = Host(says(b"", LOST), says(FOLLOWING[:-1], LOST), says(FOLLOWING, LOST), says(FOLLOWING, ENDED))
    host.run()
    assert host.asked == [-1, -1, -1, 0]


def test_pauses_grow_only_while_nothing_is_heard(no_naps, monkeypatch):
    monkeypatch.setattr(jobs, "JITTER", (1, 1))
    lost, heard = says(b"", LOST), says(FOLLOWING, LOST)
    Host(lost, lost, lost, heard, lost, says(FOLLOWING, ENDED)).run()
    assert no_naps == [0.5, 1, 2, 0.5, 1]


def test_a_killed_follower_is_replaced_like_a_lost_connection():
    host = Host(says(FOLLOWING + b"a", Completed(-1, b"", b"..")), says(FOLLOWING + b"b", ENDED))
    assert host.run().stdout == b"ab"
    assert host.asked == [-1, 1]


def test_one_that_looks_away_for_another_command_asks_again():
    host = Host(says(FOLLOWING + b"a", None), says(FOLLOWING + b"b", ENDED))
    assert (host.run().stdout, host.notices) == (b"ab", [])


def test_a_failed_job_keeps_its_folder():
    host = Host(says(FOLLOWING, Completed(0, b"", b"\nended 3\n")))
    assert host.run().exit_status == 3
    assert host.receipts == [b""]


@pytest.mark.parametrize(
    ("stderr", "error", "words"),
    [
        (b"\nlost -\n", CommandFailed, "killed, or the machine rebooted"),
        (b"gone -\n", CommandFailed, "its directory is gone"),
        (b"something else", StepFailed, "cannot parse"),
    ],
)
def test_an_end_without_an_exit_status_is_an_error(stderr, error, words):
    host = Host(says(FOLLOWING + b"last\n", Completed(0, b"", stderr)))
    with pytest.raises(error, match=words):
        host.run()
    assert host.lines == ["last"]
    assert host.receipts == [b""]


def test_a_job_that_did_not_start_says_why():
    host = Host(says(b"", Completed(1, b"", b"no space left\n")))
    with pytest.raises(CommandFailed, match="cannot start") as caught:
        host.run()
    assert caught.value.detail == "no space left\n"


def test_a_job_asked_to_end_is_stopped():
    def end(stream: Stream) -> None:
        stream.take(FOLLOWING + b"x\n")
        host.follower.end()
        assert stream.is_left

    host = Host(end)
    with pytest.raises(Interrupted, match="asked to end"):
        host.run()
    assert len(host.ran) == 1
    assert "end TERM" in host.ran[0]


def test_a_job_that_is_being_started_is_stopped_once_it_was():
    def end(stream: Stream) -> None:
        host.follower.end()
        stream.take(FOLLOWING[:3])
        assert not stream.is_left, "nothing is there to be stopped yet"
        assert stream.until == math.inf
        stream.take(FOLLOWING[3:])
        assert stream.is_left
        assert stream.until < math.inf

    host = Host(end)
    with pytest.raises(Interrupted, match="asked to end"):
        host.run()


def test_a_job_past_its_deadline_is_stopped_and_read_to_its_end(monkeypatch):
    def over(stream: Stream) -> None:
        stream.take(FOLLOWING + b"waiting\n")
        monkeypatch.setattr(jobs, "time", SimpleNamespace(monotonic=lambda: 10**9))

    host = Host(over, says(FOLLOWING + b"stopped\nlast", Completed(0, b"", b"\nended 0\n")))
    with pytest.raises(DeadlineExceeded, match="did not finish within 60 s") as caught:
        host.run()
    assert caught.value.detail == "waiting\nstopped\nlast"
    assert host.lines == ["waiting", "stopped", "last"]
    assert (host.asked, len(host.ran)) == ([-1, 8], 1)
    assert host.receipts == [b""], "its log stays on the host, as the error says"


def test_what_the_receiver_raises_is_no_fault_of_the_link():
    def refuse(_data: bytes) -> None:
        raise OSError("disk full")

    stream = Stream("", 1, refuse)
    stream.take(b"x")
    assert isinstance(stream.error, OSError)
    assert stream.is_left
