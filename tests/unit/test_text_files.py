"""Tables of text, and files that are written whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from k8sboot.text.table import table
from k8sboot.text.write_file import write_whole


def test_columns_are_as_wide_as_need_be_and_lines_end_with_text() -> None:
    assert table([("ID", "WHEN"), ("abcdef", "never\x1b[2J"), ("x", "")]) == [
        "ID      WHEN",
        "abcdef  never",
        "x",
    ]


def test_a_table_of_nothing_is_empty() -> None:
    assert table([]) == []


def test_a_file_is_replaced_for_its_user_alone(tmp_path: Path) -> None:
    path = tmp_path / "f"
    path.write_text("old")
    write_whole(path, b"new")
    assert (path.read_text(), path.stat().st_mode & 0o777) == ("new", 0o600)
    assert list(tmp_path.iterdir()) == [path]


def test_what_was_there_stays_when_writing_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_handle: int) -> None:
        raise OSError(28, "No space left on device")

    path = tmp_path / "f"
    path.write_text("old")
    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OSError, match="No space left"):
        write_whole(path, b"new")
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]
