"""A newer kernel: whatever goes wrong, the machine boots, and the operator is told what."""

from __future__ import annotations

from typing import Any

import pytest
from fake_boot import NEW, OLD, Boot, wanted

from k8sboot import ensure
from k8sboot.errors import DeadlineExceeded, HostKeyRefused, NotAsWanted, StepFailed
from k8sboot.events import Waiting
from k8sboot.paths import GRUB_SETTINGS
from k8sboot.templates import render


def test_the_new_kernel_is_installed_booted_and_kept(machine):
    bench, boot = machine()
    bench.do(ensure.newer_kernel, wanted())
    assert boot.log == [f"install {NEW}, {OLD} boots", f"boot {NEW}"]
    assert bench.connection.facts["kernel"] == NEW
    assert boot._default(bench.connection) == NEW
    assert bench.do(ensure.newer_kernel, wanted()) == []


def test_the_wait_for_the_boot_has_a_name_and_an_end(machine):
    bench, _ = machine()
    bench.do(ensure.newer_kernel, wanted())
    assert [(e.what, e.timeout) for e in bench.events if isinstance(e, Waiting)] == [("h1 to boot", 900)]


def test_nothing_of_it_is_left_behind(machine):
    bench, _ = machine()
    bench.do(ensure.newer_kernel, wanted())
    assert GRUB_SETTINGS not in bench.connection.files
    assert not [path for path in bench.connection.files if path.startswith("/var/lib/k8sboot/kernel")]


def test_an_operator_who_lets_grub_boot_what_is_noted_goes_on_with_the_new_one(machine):
    bench, boot = machine(Boot(own_default="saved", saved_entry=f"more>linux-{OLD}"))
    bench.do(ensure.newer_kernel, wanted())
    assert boot.saved_entry == f"more>linux-{NEW}"
    assert boot._default(bench.connection) == NEW


def test_a_kernel_that_does_not_come_up_leaves_the_old_one_the_default(machine):
    bench, boot = machine(Boot(dead=(NEW,)))
    with pytest.raises(NotAsWanted, match="did not come up") as caught:
        bench.do(ensure.newer_kernel, wanted())
    assert boot.log[1:] == [f"boot {NEW}", f"boot {OLD}"]
    assert boot._default(bench.connection) == OLD
    assert f"{OLD} is still the default" in caught.value.fix


def test_a_menu_that_was_not_made_anew_after_our_settings_were_written_is_made_now(machine):
    boot = Boot(dead=(NEW,), kernels=[NEW, OLD], own_default="saved", saved_entry=f"more>linux-{OLD}")
    bench, _ = machine(boot)
    bench.connection.put(GRUB_SETTINGS, render("grub.cfg.j2", panic="panic=30"))
    with pytest.raises(NotAsWanted, match="did not come up"):
        bench.do(ensure.newer_kernel, wanted())


def test_a_machine_that_stays_away_is_told_with_what_to_do(machine):
    bench, boot = machine(Boot(silence=-1))
    with pytest.raises(DeadlineExceeded) as caught:
        bench.do(ensure.newer_kernel, wanted())
    assert f"a power cycle boots {OLD}" in caught.value.fix
    assert boot._default(bench.connection) == OLD


def test_a_machine_that_comes_back_with_another_host_key_is_not_waited_for(machine):
    bench, _ = machine(Boot(silence=0))

    def refuse(*_: Any) -> str:
        raise HostKeyRefused("the host key has changed")

    bench.connection.answers["cat /proc/sys/kernel/random/boot_id"] = refuse
    with pytest.raises(HostKeyRefused):
        bench.do(ensure.newer_kernel, wanted())


def test_a_reboot_that_is_refused_is_said_at_once(machine):
    bench, boot = machine(**{"systemctl reboot": (1, "", "Operation inhibited")})
    with pytest.raises(StepFailed, match="Operation inhibited"):
        bench.do(ensure.newer_kernel, wanted())
    assert boot._default(bench.connection) == OLD


def test_a_machine_that_takes_long_to_go_down_is_not_taken_for_back(machine, clock):
    bench, boot = machine(Boot(silence=0))
    looks = iter(["b0\n", "b0\n", "b1\n"])
    bench.connection.answers["cat /proc/sys/kernel/random/boot_id"] = lambda *_: next(looks)
    bench.do(ensure.newer_kernel, wanted())
    assert clock.slept == 2


def test_an_upgrade_that_was_cut_goes_on_where_it_was(machine):
    bench, boot = machine()
    bench.connection.answers["grub-reboot"] = (1, "", "cut")
    with pytest.raises(StepFailed):
        bench.do(ensure.newer_kernel, wanted())
    assert boot._default(bench.connection) == OLD
    bench.connection.answers["grub-reboot"] = boot._boot_once
    changes = bench.do(ensure.newer_kernel, wanted())
    assert not [what for what in changes if what.startswith(("download", "install"))]
    assert boot.log == [f"install {NEW}, {OLD} boots", f"boot {NEW}"]


def test_a_dry_run_fetches_nothing_and_says_so(machine):
    bench, boot = machine()
    bench.do(ensure.newer_kernel, wanted(), is_dry=True)
    assert [what.split()[0] for what in bench.changes].count("download") == 1
    assert "boot kernel (of the packages) once" in bench.changes
    assert [line for line in bench.connection.mutations if not line.startswith("test -s")] == []
    assert boot.log == []
