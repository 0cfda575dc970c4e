"""Kubernetes' own judgement of a cluster that k8sboot has made: each conformance test passes or is left out by name."""

from __future__ import annotations

import time
from pathlib import Path

import left_out
import pytest
import report
from kubernetes_suite import PASSED, Suite
from on_lab import Lab

HOURS = 4
AT_ONCE = 8
"""They mostly wait."""


def test_every_conformance_test_passes_or_is_left_out_for_a_reason(
    suite: Suite, lab: Lab, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    chosen, left = left_out.divided(suite.names(), left_out.read())
    only = request.config.getoption("--only")
    chosen = [name for name in chosen if only in name]
    assert chosen, only
    before = time.monotonic()
    ran = suite.run(lab, chosen, tmp_path, at_once=AT_ONCE, seconds=HOURS * 3600)
    if not only:
        report.write(lab, ran, left, time.monotonic() - before)
    assert set(chosen) - set(ran) == set(), "neither run nor left out"
    assert {name: of for name, of in ran.items() if of.state != PASSED} == {}
