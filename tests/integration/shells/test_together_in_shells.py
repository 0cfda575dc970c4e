"""Several commands in one exec, run by every shell that a host may have for /bin/sh."""

from __future__ import annotations

import shutil
import subprocess

import pytest

from k8sboot.host import remembered
from k8sboot.host.remembered import AT_ONCE, Together
from k8sboot.host.script import Read

IN_SHELLS = pytest.mark.parametrize(
    "shell",
    [
        pytest.param(w, id=w[0], marks=pytest.mark.skipif(not shutil.which(w[0]), reason=f"no {w[0]}"))
        for w in (["dash"], ["bash", "--posix"], ["busybox", "sh"])
    ],
)


def answers(shell: list[str], *commands: tuple[str, ...]) -> list[str | None]:
    """What each has said, None for one that has no answer."""
    together = Together(commands)
    done = subprocess.run(
        [*shell, "-s"], input=together.render(), capture_output=True, text=True, timeout=30, check=True
    )
    assert done.stderr == ""
    found = together.parse(done.stdout)
    return [found[Read(words)].text if Read(words) in found else None for words in commands]


@IN_SHELLS
def test_each_has_its_own_answer(shell: list[str]) -> None:
    many = [("printf", f"%s\\nanswer 0 .eA==\\n{i}", f"it's {i}; `x`") for i in range(2 * AT_ONCE + 1)]
    assert answers(shell, *many) == [f"it's {i}; `x`\nanswer 0 .eA==\n{i}" for i in range(len(many))]


@IN_SHELLS
def test_what_fails_has_none_and_keeps_no_other_from_answering(shell: list[str]) -> None:
    noisy = ("sh", "-c", "echo half; echo no >&2; exit 1")
    commands = [
        ("false",),
        noisy,
        ("no-such-program",),
        ("sh", "-c", "cat; echo warned >&2"),
        ("echo", "last"),
    ]
    assert answers(shell, *commands) == [None, None, None, "", "last"]


@IN_SHELLS
def test_large_answers_do_not_block_each_other(shell: list[str]) -> None:
    large = [("sh", "-c", f"yes {i} | head -n 100000") for i in range(AT_ONCE + 1)]
    assert [len(said or "") for said in answers(shell, *large)] == [199_999] * (AT_ONCE + 1)


@IN_SHELLS
def test_one_that_hangs_ends_its_lane_and_no_other(shell: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remembered, "LIMIT", 1)
    hanging = [("sleep", "33.5"), *[("true",)] * (AT_ONCE - 1), ("echo", "after"), ("echo", "beside")]
    assert answers(shell, *hanging) == [None, *[""] * (AT_ONCE - 1), None, "beside"]
