"""Lines of a run, as they are read in a log and on a terminal."""

from __future__ import annotations

import io
import re
import time
from dataclasses import replace

import pytest
from rich.console import Console
from rich.text import Text

from k8sboot.console import lines as lines_module
from k8sboot.console.lines import ConsoleListener
from k8sboot.console.terminal import open_terminal
from k8sboot.errors import StepFailed, Unreachable
from k8sboot.events import (
    Changed,
    Changing,
    Event,
    Evidence,
    Failed,
    Notice,
    Output,
    PhaseEnded,
    PhaseStarted,
    RunEnded,
    RunStarted,
    Skipped,
    Waiting,
    Working,
)
from k8sboot.text.redact import Redactor

LONG = "set sysctls " + " ".join(f"net.some.key.number{i}=1" for i in range(40))


class Tty(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("FORCE_COLOR", "CLICOLOR_FORCE", "CLICOLOR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "80")


def shown(*events: Event, verbosity: int = 0, stream: io.StringIO | None = None, secret: str = "") -> str:
    stream = stream or io.StringIO()
    listener = ConsoleListener(
        stream, Redactor([secret]), verbosity=verbosity, titles={"kernel": "Load modules."}
    )
    for event in events:
        listener(event)
    return re.sub(r"^\d\d:\d\d:\d\d ", "", stream.getvalue(), flags=re.MULTILINE)


def ended(changes: dict[str, int], *failed: str, is_dry: bool = False) -> RunEnded:
    return RunEnded(changes=changes, failed=failed, is_dry=is_dry, seconds=12.34)


def test_a_phase_is_announced_once() -> None:
    found = shown(*(PhaseStarted(host=h, phase="kernel") for h in ("a", "b", "c")))
    assert found == "== kernel: Load modules.\n"


def test_a_change_says_host_and_how_long_it_took() -> None:
    assert shown(Changed(host="a", what="install x", seconds=12.3)) == "a + install x (12.3 s)\n"
    assert shown(Changed(host="a", what="install x", seconds=0.3)) == "a + install x\n"


def test_a_long_change_is_cut_to_the_terminal_and_keeps_its_time() -> None:
    found = shown(Changed(host="a", what=LONG, seconds=2), stream=Tty())
    assert len("00:00:00 " + found.rstrip("\n")) == 80
    assert found.endswith("… (2.0 s)\n")


def test_a_long_change_is_whole_with_v_and_in_a_log() -> None:
    assert LONG in shown(Changed(host="a", what=LONG), stream=Tty(), verbosity=1)
    assert LONG in shown(Changed(host="a", what=LONG))


def test_on_a_terminal_the_live_region_shows_what_begins_and_the_lines_do_not() -> None:
    begins = (Working(host="a", what="install x"), Waiting(host="a", what="docker", timeout=60))
    assert shown(*begins, stream=Tty()) == ""
    assert shown(*begins) == "a * install x ...\na * waiting for docker, at most 60 s\n"


def test_output_and_commands_are_for_those_who_ask() -> None:
    events = (
        Output(host="a", line="Unpacking"),
        Changed(host="a", what="hold", commands=("apt-mark hold x",)),
    )
    assert shown(*events) == "a + hold\n"
    assert shown(*events, verbosity=1) == "a | Unpacking\na + hold\n    $ apt-mark hold x\n"


def test_a_dry_run_shows_diffs_without_being_asked() -> None:
    found = shown(Changed(host="a", what="write /f", diff="--- a\n+++ b\n+x\n", is_dry=True))
    assert found == "a ~ write /f\n    --- a\n    +++ b\n    +x\n"


def test_a_notice_is_not_repeated_for_the_same_host() -> None:
    notice = Notice(host="a", code="KB-X", text="odd")
    assert shown(notice, notice) == "a ! odd [KB-X]\n"


def test_a_notice_of_many_hosts_is_counted_at_the_end() -> None:
    notices = [Notice(host=f"n{i}", code="KB-X", text="odd") for i in range(200)]
    found = shown(*notices, ended({"n0": 0}))
    assert found.count("odd") == 6
    assert "! on 195 more hosts: odd [KB-X]\n" in found


def test_nothing_to_do_ends_with_0_changed() -> None:
    ends = [PhaseEnded(host=h, phase="kernel", changes=0, seconds=1) for h in "abc"]
    found = shown(*ends, ended({"a": 0, "b": 0, "c": 0})).splitlines()
    assert found[0].split() == ["host", "ok", "changed", "failed", "skipped", "unreachable"]
    assert found[1].split() == ["a", "1", "0", "0", "0", "0"]
    assert found[-1] == "0 changed, 3 hosts ok, 12.3 s"


def test_the_recap_counts_each_host_by_the_worst() -> None:
    found = shown(
        Failed(host="a", phase="kernel", error=StepFailed("no")),
        Failed(host="b", phase="connect", error=Unreachable("away")),
        Skipped(host="c", phase="kernel", why="a failed"),
        PhaseEnded(host="d", phase="kernel", changes=3, seconds=1),
        ended({"a": 1, "c": 0, "d": 3}, "a", "b"),
    ).splitlines()
    table = {line.split()[0]: line.split()[1:] for line in found[-5:-1]}
    assert table == {
        "a": ["0", "1", "1", "0", "0"],
        "c": ["0", "0", "0", "1", "0"],
        "d": ["1", "3", "0", "0", "0"],
        "b": ["0", "0", "0", "0", "1"],
    }
    assert found[-1] == "4 changed, 1 host ok, 1 failed, 1 unreachable, 1 cut short, 12.3 s"


def test_a_dry_run_says_would_change() -> None:
    assert shown(ended({"a": 2}, is_dry=True)).splitlines()[-1] == "2 would change, 1 host ok, 12.3 s"


def test_of_many_hosts_only_those_worth_a_look_are_listed() -> None:
    changes = {f"n{i}": int(i == 7) for i in range(200)}
    found = shown(ended(changes)).splitlines()
    assert [line.split()[0] for line in found] == ["host", "n7", "and", "1"]
    assert "199 unchanged hosts" in found[2]
    assert len(shown(ended(changes), verbosity=1).splitlines()) == 202


def test_v_tells_the_slowest_host_of_each_phase() -> None:
    ends = [PhaseEnded(host=h, phase="kernel", changes=0, seconds=s) for h, s in (("a", 1.0), ("b", 9.0))]
    assert re.search(
        r"^kernel +2 +9\.0 s +b *$", shown(*ends, ended({"a": 0, "b": 0}), verbosity=1), re.MULTILINE
    )


def test_quiet_says_nothing_of_a_run_without_failures() -> None:
    events = (PhaseStarted(host="a", phase="kernel"), Changed(host="a", what="x"), ended({"a": 1}))
    assert shown(*events, verbosity=-1) == ""


def test_quiet_shows_failures_and_the_last_line() -> None:
    found = shown(
        Failed(host="a", phase="kernel", error=StepFailed("no")), ended({"a": 0}, "a"), verbosity=-1
    )
    assert found == "a x kernel: no\n0 changed, 0 hosts ok, 1 failed, 12.3 s\n"


def test_secrets_are_masked_even_when_control_characters_hide_them() -> None:
    found = shown(Output(host="a", line="pw hun\x1b[0mter2 hunter2"), verbosity=1, secret="hunter2")
    assert found == "a | pw *** ***\n"


@pytest.mark.parametrize("hostile", ["\x1b[2J", "\x1b]0;owned\x07", "\r", "\x00", "\x9b31m", "\u202e"])
def test_what_a_host_says_cannot_steer_the_terminal(hostile: str) -> None:
    found = shown(Output(host="a", line=f"x{hostile}y[/red] {{{{7*7}}}}"), verbosity=1)
    assert re.fullmatch(r"a \| x ?(31m)?y\[/red\] \{\{7\*7\}\}\n", found)


def test_off_a_terminal_a_long_wait_is_told_of_again_and_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lines_module, "SILENCE", 0.05)
    monkeypatch.setattr(lines_module, "TICK", 0.01)
    stream = io.StringIO()
    with ConsoleListener(stream, Redactor(), titles={}) as listener:
        listener(Waiting(host="a", phase="kernel", what="docker", timeout=60))
        deadline = time.monotonic() + 10
        while stream.getvalue().count("in progress: a: waiting for docker (0 s of 60 s)") < 2:
            assert time.monotonic() < deadline, stream.getvalue()
            time.sleep(0.01)


def test_a_finished_run_has_no_heartbeat(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lines_module, "SILENCE", 0.0)
    monkeypatch.setattr(lines_module, "TICK", 0.01)
    stream = io.StringIO()
    with ConsoleListener(stream, Redactor(), titles={}) as listener:
        listener(PhaseStarted(host="a", phase="kernel"))
        listener(ended({"a": 0}))
        before = stream.getvalue()
        time.sleep(0.1)
        assert stream.getvalue() == before


def test_the_live_region_leaves_the_terminal_as_it_was() -> None:
    stream = Tty()
    with ConsoleListener(stream, Redactor(), titles={}) as listener:
        listener(RunStarted(command="up", cluster="c", hosts=("a",), phases=(), is_dry=False))
    assert stream.getvalue().rindex("\x1b[?25h") > stream.getvalue().rindex("\x1b[?25l")
    assert "connecting" in stream.getvalue()


def test_every_event_has_words() -> None:
    listener = ConsoleListener(io.StringIO(), Redactor(), titles={})
    silent = {PhaseEnded, Changing, Evidence}
    assert set(listener._show) == set(Event.__subclasses__()) - silent


@pytest.mark.parametrize(
    "text", ["+ a", "a\nb\n\n", "\ttab\there", "w" * 300, "\u4e2d\u6587  ", "bell\a", "[bold]no markup[/]"]
)
def test_what_goes_past_rich_is_what_rich_prints(text: str) -> None:
    printed = []
    for is_bare in (True, False):
        stream = io.StringIO()
        replace(open_terminal(stream, {}), is_bare=is_bare).print(
            Text(text, style="green").append("!", "dim")
        )
        printed.append(stream.getvalue())
    assert printed[0] == printed[1]


def test_a_diff_of_many_lines_is_printed_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR")
    prints: list[object] = []
    monkeypatch.setattr(Console, "print", lambda _self, what: prints.append(what))
    diff = "\n".join(f"+line {index}" for index in range(100))
    shown(Changed(host="n1", what="write /etc/hosts", diff=diff, is_dry=True), stream=Tty())
    assert [str(each).count("\n") for each in prints] == [0, 99]
