from __future__ import annotations

import pytest
from fake_state import FakeFile

from k8sboot import ensure
from k8sboot.ensure.security import with_mode

CONFIG = "/etc/selinux/config"
WRITTEN, SET = f"write {CONFIG}", "set SELinux to permissive"


@pytest.mark.parametrize(
    ("now", "config", "changes", "after"),
    [
        ("", None, [], None),
        ("Enforcing", "# x\nSELINUX=enforcing\n\nSELINUXTYPE=targeted\n", [WRITTEN, SET],
         "# x\nSELINUX=permissive\n\nSELINUXTYPE=targeted\n"),
        ("Permissive", "SELINUX=permissive\n", [], "SELINUX=permissive\n"),
        ("Disabled", "SELINUX=disabled\n", [], "SELINUX=disabled\n"),
        ("Permissive", "SELINUX=enforcing  \n", [WRITTEN], "SELINUX=permissive\n"),
        ("Permissive", "SELINUX = Enforcing\n", [WRITTEN], "SELINUX = permissive\n"),
        ("Enforcing", "#SELINUX=enforcing\nSELINUX=permissive\n", [SET], "#SELINUX=enforcing\nSELINUX=permissive\n"),
    ],
    ids=["none", "enforcing", "permissive", "disabled", "at boot only", "odd spelling", "now only"],
)  # fmt: skip
def test_selinux_is_permissive_where_it_enforces(bench, now, config, changes, after):
    it = bench(facts={"selinux": now}, files={CONFIG: FakeFile(config.encode(), 0o600)} if config else {})
    assert it.do(ensure.selinux, "permissive") == changes
    assert (it.connection.text(CONFIG) if config else None) == after
    assert not config or it.connection.files[CONFIG].mode == 0o600
    assert it.do(ensure.selinux, "permissive") == []


@pytest.mark.parametrize("before", ["enforcing", "permissive", "disabled"])
def test_selinux_can_be_disabled_from_the_next_boot_on(before):
    assert (
        with_mode(f"SELINUX={before}\nSELINUXTYPE=targeted\n", "disabled")
        == "SELINUX=disabled\nSELINUXTYPE=targeted\n"
    )
