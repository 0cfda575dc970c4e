from __future__ import annotations

import shutil
import subprocess

import pytest

from k8sboot.osfamily.deb_versions import compare

IN_ORDER = (
    "1.0~~", "1.0~rc1-1", "1.0~rc2-1", "1.0", "1.0-1", "1.0-1.1", "1.0a", "1.0+b", "1.0.1", "1.9", "1.10-1",
    "20.10.24+dfsg1-1", "1:0.1", "5:20.10.9~3-0~debian-bookworm", "5:20.10.24~3-0~debian-bookworm",
    "5:24.0.7-1~debian.12~bookworm",
)  # fmt: skip


@pytest.mark.parametrize(("older", "newer"), [*zip(IN_ORDER, IN_ORDER[1:], strict=False)])
def test_one_version_is_older_than_another(older, newer):
    assert (compare(older, newer), compare(newer, older)) == (-1, 1)


@pytest.mark.parametrize(("one", "other"), [("1.0", "0:1.0"), ("1.0", "1.0-0"), ("1.05-1", "1.5-1")])
def test_one_version_is_as_old_as_another(one, other):
    assert compare(one, other) == 0


@pytest.mark.skipif(not shutil.which("dpkg"), reason="no dpkg here to compare with")
def test_dpkg_says_the_same():
    for one in IN_ORDER:
        for other in IN_ORDER:
            word = {-1: "lt", 0: "eq", 1: "gt"}[compare(one, other)]
            assert (
                subprocess.run(["dpkg", "--compare-versions", one, word, other], check=False).returncode == 0
            )
