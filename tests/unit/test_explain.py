"""Every code that k8sboot can give is explained, once, and nothing else is."""

from __future__ import annotations

import ast
import functools
import re
from pathlib import Path

import pytest

import k8sboot
from k8sboot import explain
from k8sboot.explain import Explanation

SOURCE = Path(k8sboot.__file__).parent
ENTRIES = explain.entries()
EACH = pytest.mark.parametrize("entry", ENTRIES.values(), ids=lambda entry: entry.code)


def codes_in(source: str) -> set[str]:
    """String constants that are a code. One that only begins like it would be a code made at run time."""
    constants = (n.value for n in ast.walk(ast.parse(source)) if isinstance(n, ast.Constant))
    return {v for v in constants if isinstance(v, str) and v.startswith("KB-") and v != "KB-"}


@functools.cache
def given() -> set[str]:
    rooms = (path.read_text() for path in SOURCE.rglob("*.py") if "explain" not in path.parts)
    return {code for source in rooms if "KB-" in source for code in codes_in(source)}


def test_a_code_is_found_in_the_source_wherever_it_stands():
    found = codes_in('class E:\n code = "KB-A"\ndef f(x="KB-B"): note(f"KB-C{x}", "see KB-D")')
    assert found == {"KB-A", "KB-B", "KB-C"}


def test_every_code_has_an_entry():
    assert given() - ENTRIES.keys() == set()


def test_no_entry_is_for_a_code_that_nothing_gives():
    assert ENTRIES.keys() - given() == set()


def test_no_code_has_two_entries():
    assert [code for code, found in explain._by_code().items() if len(found) > 1] == []


def test_no_heading_is_overlooked():
    texts = [path.read_text() for path in (SOURCE / "explain").glob("*.md")]
    assert sum(len(re.findall(r"^## ", text, re.MULTILINE)) for text in texts) == len(ENTRIES)
    assert all(len(text.splitlines()) < 250 for text in texts)


@EACH
def test_an_entry_says_what_it_is_why_it_comes_and_what_to_do(entry: Explanation):
    assert 8 < len(entry.title) <= 75
    assert not entry.title.endswith(".")
    assert entry.causes.startswith("- ")
    assert entry.cure.startswith("- ")
    assert "**" not in entry.meaning + entry.causes + entry.cure


def can_be_parted(line: str) -> bool:
    return " " in re.sub(r"`[^`]*`", "word", line.strip().removeprefix("- "))


@EACH
@pytest.mark.parametrize("width", [40, pytest.param(80, marks=pytest.mark.slow)])
def test_an_entry_keeps_to_the_width_and_its_commands_stay_whole(entry: Explanation, width: int):
    lines = entry.text(width).splitlines()
    prose = [line for line in lines if not line.startswith("    ")]
    assert [line for line in prose if len(line) > width and can_be_parted(line)] == []
    commands = [line for line in entry.cure.splitlines() if line.startswith("    ")]
    assert [line for line in lines if line.startswith("    ")] == commands


def test_words_in_backquotes_are_not_parted():
    entry = Explanation(
        "KB-X", "a title", "Meaning with `a long command` in it.", "- `one two three` four", "- do"
    )
    assert entry.text(20) == (
        "KB-X: a title\n\nMeaning with\n`a long command` in\nit.\n\nUsual causes\n\n- `one two three`\n"
        "  four\n\nWhat to do\n\n- do\n"
    )


@pytest.mark.parametrize("word", ["KB-SSH-AUTH", "ssh-auth", "kb_ssh_auth", " Ssh_Auth "])
def test_a_code_may_be_typed_as_it_comes(word: str):
    assert explain.plain(word) == "KB-SSH-AUTH"


@pytest.mark.parametrize(
    ("word", "first"),
    [("KB-SHH-AUTH", "KB-SSH-AUTH"), ("KB-COMAND", "KB-COMMAND"), ("hostkey", "KB-SSH-HOSTKEY")],
)
def test_a_code_mistyped_brings_the_one_that_was_meant(word: str, first: str):
    assert first in explain.near(word)


def test_a_word_like_none_brings_none():
    assert explain.near("xyzzyxyzzyxyzzy") == []
