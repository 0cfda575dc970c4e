"""What a stream may show, by what it is and by what the user's environment says."""

from __future__ import annotations

import io

import pytest

from k8sboot.console.terminal import open_terminal, wants_colour


class Tty(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("environ", "is_tty", "expected"),
    [
        ({"TERM": "xterm"}, True, True),
        ({"TERM": "xterm"}, False, False),
        ({"TERM": "dumb"}, True, False),
        ({}, True, False),
        ({"TERM": "xterm", "NO_COLOR": "1"}, True, False),
        ({"TERM": "xterm", "NO_COLOR": ""}, True, True),
        ({"FORCE_COLOR": "1"}, False, True),
        ({"FORCE_COLOR": "0"}, False, False),
        ({"CLICOLOR_FORCE": "1"}, False, True),
        ({"CLICOLOR_FORCE": "0", "TERM": "xterm"}, False, False),
        ({"CLICOLOR": "0", "TERM": "xterm"}, True, False),
        ({"TERM": "dumb", "CLICOLOR_FORCE": "1"}, True, True),
        ({"NO_COLOR": "1", "FORCE_COLOR": "1", "CLICOLOR_FORCE": "1"}, True, False),
    ],
)
def test_colours_follow_the_environment(environ: dict[str, str], is_tty: bool, expected: bool) -> None:
    assert wants_colour(environ, is_tty=is_tty) is expected


@pytest.mark.parametrize(
    ("environ", "expected"), [({"TERM": "xterm"}, True), ({"TERM": "dumb"}, False), ({}, False)]
)
def test_only_an_able_terminal_is_redrawn(environ: dict[str, str], expected: bool) -> None:
    assert open_terminal(Tty(), environ).is_live is expected


def test_a_pipe_is_never_redrawn_even_when_colours_are_forced() -> None:
    assert not open_terminal(io.StringIO(), {"TERM": "xterm", "FORCE_COLOR": "1"}).is_live


def test_no_colours_on_a_terminal_mean_no_escape_sequences_in_a_line() -> None:
    stream = Tty()
    open_terminal(stream, {"TERM": "xterm", "NO_COLOR": "1"}).console.print("[bold]x", style="bold red")
    assert stream.getvalue() == "[bold]x\n"


def test_nothing_is_wrapped_off_a_terminal() -> None:
    stream = io.StringIO()
    open_terminal(stream, {"COLUMNS": "20"}).console.print("word " * 500)
    assert stream.getvalue().count("\n") == 1


def test_a_closed_stream_is_no_terminal() -> None:
    stream = io.StringIO()
    stream.close()
    assert not open_terminal(stream, {"TERM": "xterm"}).is_live
