"""What `make conformance` runs: no test of Kubernetes' is left out unsaid."""

from __future__ import annotations

import json
import re
from pathlib import Path
from types import ModuleType

import kubernetes_suite
import pytest

NAMES = [
    "[sig-a] One should (be) *x* [Conformance]",
    "[sig-a] Two [Conformance] [Serial]",
    "[sig-b] Two [Conformance]",
]
JUNIT = """<testsuites><testsuite>
<testcase name="[It] passes" time="1.5"></testcase>
<testcase name="[It] fails" time="2"><failure message="why">more</failure></testcase>
<testcase name="[It] is skipped" time="0"><skipped message="not here"></skipped></testcase>
</testsuite></testsuites>"""


@pytest.fixture
def left_out(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(Path(__file__).parent.parent / "conformance")
    import left_out as module  # noqa: PLC0415

    return module


def test_each_test_is_run_or_left_out_for_the_first_reason(left_out: ModuleType) -> None:
    reasons = [left_out.Reason("alone", ("[Serial]",)), left_out.Reason("two", ("Two",))]
    run, left = left_out.divided(NAMES, reasons)
    assert run == NAMES[:1]
    assert left == {NAMES[1]: "alone", NAMES[2]: "two"}


def test_a_line_that_no_test_matches_is_an_error(left_out: ModuleType) -> None:
    with pytest.raises(ValueError, match="Three"):
        left_out.divided(NAMES, [left_out.Reason("gone", ("Two", "Three"))])


def test_the_list_has_a_reason_and_tests_in_every_entry(left_out: ModuleType) -> None:
    reasons = left_out.read()
    assert all(reason.why and reason.parts for reason in reasons)


def test_the_focus_is_on_these_tests_alone() -> None:
    """Python has no quoting words as Go's: they are put into its own."""
    words = re.sub(r"\\Q(.*?)\\E", lambda found: re.escape(found[1]), kubernetes_suite.focus(NAMES[:1]))
    assert [name for name in NAMES if re.search(words, f"Kubernetes e2e suite {name}")] == NAMES[:1]
    assert not re.search(words, f"{NAMES[0]} [Slow]")


def test_outcomes_are_read_from_a_report() -> None:
    found = kubernetes_suite.outcomes(JUNIT)
    assert {name: (of.state, of.seconds, of.words) for name, of in found.items()} == {
        "passes": ("passed", 1.5, ""),
        "fails": ("failed", 2.0, "why"),
        "is skipped": ("skipped", 0.0, "not here"),
    }


def test_the_suite_is_built_for_the_newest_that_the_lab_has() -> None:
    lab = Path(__file__).parent.parent / "lab"
    versions = json.loads((lab / "releases.json").read_text())
    newest = max(versions, key=lambda minor: int(minor.partition(".")[2]))
    assert newest in kubernetes_suite.MINORS
    for minor in kubernetes_suite.MINORS:
        place = lab / "mirrors/modules/e2e" / versions[minor]["version"]
        assert f"k8s.io/kubernetes v{versions[minor]['version']}" in (place / "go.mod").read_text()
        assert (place / "go.sum").is_file()


def test_the_page_says_what_ran_what_failed_and_what_was_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(Path(__file__).parent.parent / "conformance")
    import report  # noqa: PLC0415

    ran = {
        NAMES[0]: kubernetes_suite.Outcome("passed", 1),
        NAMES[2]: kubernetes_suite.Outcome("failed", 1, "why"),
    }
    text = report.page({"Kubernetes": "v1.37.2"}, ran, {NAMES[1]: "alone"}, "2026-11-30")
    assert "Last run: 2026-11-30. 1 of 2 passed; 1 of 3 were left out.\n" in text
    assert "| Kubernetes | v1.37.2 |\n" in text
    assert "| alone | 1 |\n" in text
    assert f"## Failed\n\n- {NAMES[2]}\n" in text
    assert "| sig-a | 1 |\n" in text
