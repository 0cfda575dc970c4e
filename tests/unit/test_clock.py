"""How far a host's clock is off, as far as a probe can tell."""

from __future__ import annotations

import pytest

from k8sboot.host.snapshot import offset


@pytest.mark.parametrize(
    ("theirs", "expected"),
    [(100, 0), (149, 0), (99, 0), (98, -1), (60, -39), (151, 1), (250, 100)],
    ids=[
        "at once",
        "at the end of a slow probe",
        "cut to whole seconds",
        "behind",
        "far behind",
        "ahead",
        "far ahead",
    ],
)
def test_only_what_a_slow_probe_does_not_explain_counts(theirs: float, expected: float) -> None:
    assert offset(theirs, asked=100, answered=150) == expected
